import { parseMetrics } from './scrape';

describe('the metrics of a service', () => {
  it('are added up of a stream and of what is derived from it, not of others', () => {
    const text = [
      '# HELP tillstream_lag_records Behind.',
      'tillstream_lag_records{stream="shop",partition="0"} 1',
      'tillstream_lag_records{stream="shop.sessions",partition="0"} 20',
      'tillstream_lag_records{stream="shopping",partition="0"} 300',
      'process_cpu_seconds_total 4',
    ].join('\n');
    expect([...parseMetrics(text, 'shop')]).toEqual([
      ['tillstream_lag_records', 21],
      ['process_cpu_seconds_total', 4],
    ]);
  });
});
