import { decodeMetricsRecord } from '@tillstream/contracts';
import { TRACKER } from '@tillstream/engine';
import { commerceWith } from './live';
import { MINUTE_MS, PARTITIONS, SlowStage, START_MS } from './slow-stage';

/** Nothing over events waits as long as sessions, and the windows over these, do. */
const VISITS = `  visits:
    from: sessions
    window: { size: 10m }
    measures: { visits: count(), users: distinct(user) }
sessions: { gap: 30m, outOfOrderness: 1m }
`;

describe('a shop in which nobody does anything any more', () => {
  it('has its sessions closed, and the windows over these, by time alone', async () => {
    const stage = new SlowStage(commerceWith({ partitions: PARTITIONS, visits: VISITS }));
    stage.startServices();
    stage.world.start(TRACKER);
    for (let p = 0; p < PARTITIONS; p += 1) await stage.buy(p, START_MS);
    await stage.pass(60 * MINUTE_MS);
    const { sessions, metrics, raw } = stage.topics;
    expect(stage.world.recordsOf(sessions).flat()).toHaveLength(PARTITIONS);
    const finals = stage.world
      .recordsOf(metrics)
      .flat()
      .map(decodeMetricsRecord)
      .filter((record) => record.kind === 'result' && record.metric === 'visits' && record.final);
    expect(finals).toMatchObject([{ startMs: START_MS, measures: { visits: PARTITIONS, users: PARTITIONS } }]);
    // And then it rests.
    const size = (): number => stage.world.recordsOf(raw).flat().length;
    const before = size();
    await stage.pass(30 * MINUTE_MS);
    expect(size()).toBe(before);
  });
});
