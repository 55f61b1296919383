import type { SinkFeed } from '@tillstream/contracts';
import { feedDecoder, feedRowText, feedTables, sharedColumns } from '@tillstream/contracts';
import type { NewRecord } from '../ports/log';
import { DAY_MS, START_MS, definition, final, smallLog } from './stored.fixture';
import type { StoredFeed, StoredRow } from './stored-feed';
import { verifyStored } from './verify-stored';

const FINALS: SinkFeed = { feed: 'finals', filter: null, columns: null, metrics: null };
const ALWAYS = { fromMs: -Infinity, toMs: Infinity };
const columns = sharedColumns(feedTables(definition, 'finals'));
const decode = feedDecoder(definition, 'finals');
const { metrics: topic } = definition.topics;

/** A row as the store has it that took this record from there. */
function row(record: NewRecord, partition: number, offset: number): StoredRow & { timeMs: number } {
  const [found] = decode({ ...record, headers: {}, offset, timestampMs: 0 }, partition);
  if (found === undefined) throw new Error('this is no final');
  return { partition, offset, key: found.id, text: feedRowText(found, columns), timeMs: found.timeMs };
}

/** A store that has these rows, and has come to `next` in both partitions; its turns are days. */
function store(rows: readonly (StoredRow & { timeMs: number })[], next: number): StoredFeed {
  return {
    next: () => next,
    turns: ({ fromMs, toMs }) => {
      const cuts = [1, 2, 3].map((day) => START_MS + day * DAY_MS).filter((ms) => ms > fromMs && ms < toMs);
      return [fromMs, ...cuts].map((from, i) => ({ fromMs: from, toMs: cuts[i] ?? toMs }));
    },
    read: async ({ fromMs, toMs }, take) => {
      for (const one of rows) if (one.timeMs >= fromMs && one.timeMs < toMs) take([one]);
    },
  };
}

const verify = (log: ReturnType<typeof smallLog>, stored: StoredFeed, span = ALWAYS) =>
  verifyStored({ reader: log.reader, definition, feed: FINALS, stored, span });

describe('a store that is compared with the log', () => {
  const [a, b, c, d] = [final('a'), final('b', 1), final('c', 2), final('d', 3)] as const;

  it('is right when every row is there once, wherever and however often the log has it', async () => {
    const log = smallLog();
    log.broker.append(topic, 0, [a, b, a]);
    log.broker.append(topic, 1, [c, { key: Buffer.from('p|x'), value: Buffer.from('{}') }]);
    expect(await verify(log, store([row(a, 0, 0), row(b, 0, 1), row(c, 1, 0)], 9))).toEqual({
      ...{ compared: 3, equal: 3, awaited: 0, expired: 0, differences: [] },
      counts: { differs: 0, missing: 0, surplus: 0, repeated: 0 },
    });
  });

  it('is told what it lacks, what it has beside, and what it has otherwise, each once', async () => {
    const log = smallLog();
    log.broker.append(topic, 0, [a, b, b, c, a]);
    const changed = row(final('a', 0, '1.01'), 0, 0);
    const report = await verify(log, store([changed, row(c, 0, 3), row(d, 0, 4)], 9));
    expect(report).toMatchObject({ compared: 4, equal: 1, counts: { differs: 1, missing: 1, surplus: 1 } });
    expect(report.differences.map(({ kind, offset }) => [kind, offset])).toEqual([
      ...[['differs', 0], ['missing', 1], ['surplus', 4]], // prettier-ignore
    ]);
  });

  it('is told what it has more than once', async () => {
    const log = smallLog();
    log.broker.append(topic, 0, [a, b]);
    const report = await verify(log, store([row(a, 0, 0), row(b, 0, 1), row(b, 0, 1)], 9));
    expect(report).toMatchObject({ compared: 2, equal: 2, counts: { repeated: 1, missing: 0, surplus: 0 } });
    expect(report.differences).toMatchObject([{ kind: 'repeated', offset: 1 }]);
  });

  it('has not come to rows behind its position, and may keep what the log has lost', async () => {
    const log = smallLog();
    log.broker.append(topic, 0, [a, b, c]);
    log.broker.trim(topic, 0, 1);
    const report = await verify(log, store([row(a, 0, 0), row(b, 0, 1)], 2));
    expect(report).toMatchObject({ compared: 1, equal: 1, awaited: 1, expired: 1, differences: [] });
  });

  it('is compared in a span alone', async () => {
    const log = smallLog();
    log.broker.append(topic, 0, [a, b, c]);
    const span = { fromMs: START_MS + DAY_MS, toMs: START_MS + 2 * DAY_MS };
    expect(await verify(log, store([row(b, 0, 1)], 9), span)).toMatchObject({ compared: 1, equal: 1, differences: [] });
  });
});
