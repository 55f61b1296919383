import type { BatchTracer, TaskLabels } from '@tillstream/engine';
import { silentTelemetry } from '@tillstream/engine';
import { createLogger } from '@tillstream/nest-runtime';
import { watchBatches } from './watch-batches';

const INFO = { name: 'enrich', topic: 'shop.raw.v1', partition: 3 };
const RECORD = { timestampMs: 0, key: null, value: Buffer.from('a body'), headers: {} };
const records = [4, 5, 9].map((offset) => ({ ...RECORD, offset }));

/** A tracer that is watched, on a clock that passes only within batches. */
function watched(level: 'debug' | 'info') {
  const lines: Record<string, unknown>[] = [];
  const slow: [TaskLabels, number][] = [];
  const clock = { ms: 0, monotonicMs: () => clock.ms };
  const logger = createLogger('enricher', level, {
    write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>),
  });
  const meter = {
    ...silentTelemetry.meter,
    count: (_counter: string, labels: TaskLabels, amount: number) => void slow.push([labels, amount]),
  };
  const tracer: BatchTracer = watchBatches(silentTelemetry.tracer, {
    ...{ stream: 'shop', meter, logger, clock },
    slowBatchMs: 100,
  });
  const take = (ms: number, failure?: Error): Promise<void> =>
    tracer.batch({ ...INFO, records }, async () => {
      clock.ms += ms;
      if (failure) throw failure;
    });
  return { lines, slow, take };
}

describe('batches that are watched', () => {
  it('are counted and told of when they were slow, also when they have failed', async () => {
    const { lines, slow, take } = watched('info');
    await take(100);
    await take(101);
    await expect(take(500, new Error('no'))).rejects.toThrow('no');
    const labels = { stream: 'shop', topic: 'shop.raw.v1', partition: 3 };
    expect(slow).toEqual([
      [labels, 0],
      [labels, 1],
      [labels, 1],
    ]);
    expect(lines.map(({ level, message, ms }) => [level, message, ms])).toEqual([
      ['warn', 'slow_batch', 101],
      ['warn', 'slow_batch', 500],
    ]);
  });

  it('get one line each at debug, with where they stood and nothing of what was in them', async () => {
    const { lines, take } = watched('debug');
    await take(7);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      level: 'debug',
      message: 'batch',
      task: 'enrich',
      topic: 'shop.raw.v1',
      partition: 3,
    });
    expect(lines[0]).toMatchObject({ stream: 'shop', records: 3, from: 4, to: 9, ms: 7 });
    expect(JSON.stringify(lines)).not.toContain('body');
  });
});
