import { sumOfSeries } from './prometheus-text';

const TEXT = `# HELP events_total Events.
# TYPE events_total counter
events_total{stream="a",note="} 9"} 3
events_total{stream="b"} 4.5
events_total_other{stream="a"} 100
lag 2
`;

describe('sumOfSeries', () => {
  it('adds up the series of one metric, and no other that begins with its name', () => {
    expect(sumOfSeries(TEXT, 'events_total')).toBe(7.5);
  });

  it('reads a series without labels', () => {
    expect(sumOfSeries(TEXT, 'lag')).toBe(2);
  });

  it('tells a metric that is not there from one that is zero', () => {
    expect(sumOfSeries(TEXT, 'events')).toBeNull();
  });
});
