import { parseStreamFile, type NewRecord } from '@tillstream/contracts';
import { ServedStream } from './served-stream';

const TEXT = `
stream: shop
partitions: 1
key: [user_id]
eventTime: { field: at, outOfOrderness: 10s }
fields:
  at: { type: timestamp }
  user_id: { type: string }
metrics:
  visits:
    groupBy: [user_id]
    window: { session: 30m }
    measures: { events: count() }
  all_time:
    window: global
    measures: { events: count() }
`;

function served(): ServedStream {
  const parsed = parseStreamFile(TEXT, { file: 'shop.yaml' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return new ServedStream(parsed.definition, 1000);
}

/** Results as a task appends them. */
function apply(stream: ServedStream, results: readonly (readonly [key: string, value: object])[]): void {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const records = results.map(
    ([key, value], offset): NewRecord & { offset: number; timestampMs: number; headers: object } => {
      return { offset, timestampMs: 0, key: bytes(key), value: bytes(JSON.stringify(value)), headers: {} };
    },
  );
  stream.apply(0, records);
}

const at = (ms: number): string => new Date(ms).toISOString();

describe('a served stream', () => {
  it('shows where each session begins and ends, though many begin together', () => {
    const stream = served();
    const codec = stream.metricNamed('visits');
    if (!codec) throw new Error('there is no such metric');
    const { identity } = codec.metric;
    const session = (user: string, startMs: number, endMs: number, events: number, truncated: boolean) => {
      const group = { user_id: user };
      const window = { metric: 'visits', window_start: at(startMs), window_end: at(endMs) };
      const value = {
        ...window,
        group,
        measures: { events },
        final: true,
        revision: 7,
        ...(truncated && { truncated }),
      };
      return [`f|${identity}|${at(startMs)}|${JSON.stringify(group)}`, value] as const;
    };
    apply(stream, [
      session('ann', 1000, 1_801_000, 1, false),
      session('bob', 1000, 2_000_000, 5, true),
      session('ann', 5_000_000, 7_000_000, 2, false),
    ]);
    const rows = stream.view.metric(identity);
    const shown = rows.between(-Infinity, Infinity).flatMap((window) =>
      Array.from({ length: window.size }, (_, slot) => {
        const { start, end, measures, truncated } = codec.toResult({ window, slot }, rows);
        return [Number(start?.seconds), Number(end?.seconds), measures['events']?.integer, truncated];
      }),
    );
    expect(shown).toEqual([
      [1, 1801, '1', false],
      [1, 2000, '5', true],
      [5000, 7000, '2', false],
    ]);
  });

  it('shows a running total without an end, and since when it counts', () => {
    const stream = served();
    const codec = stream.metricNamed('all_time');
    if (!codec) throw new Error('there is no such metric');
    const { identity, name } = codec.metric;
    const window = { metric: name, window_start: at(0), window_end: null };
    const total = (events: number, revision: number) => {
      const value = { ...window, group: {}, measures: { events }, final: false, revision };
      return [`p|${identity}|${at(0)}|{}`, value] as const;
    };
    apply(stream, [
      total(5, 5),
      [`b|${identity}|0`, { metric: name, partition: 0, complete_from: at(60_000), complete_until: null }],
      total(7, 9),
      total(6, 8),
    ]);
    const rows = stream.view.metric(identity);
    const [only, ...others] = rows.between(-Infinity, Infinity);
    expect(others).toEqual([]);
    if (!only) throw new Error('there is no window');
    const { start, end, measures, final } = codec.toResult({ window: only, slot: 0 }, rows);
    expect([start?.seconds, end, measures['events']?.integer, final]).toEqual(['0', null, '7', false]);
    expect(stream.view.completeFromMs(identity)).toBe(60_000);
  });
});
