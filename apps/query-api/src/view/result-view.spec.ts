import * as fc from 'fast-check';
import {
  closed,
  closings,
  compacted,
  final,
  finals,
  GROUPS,
  histories,
  late,
  type Logged,
  logsOf,
  METRICS,
  PARTITIONS,
  partitionOf,
  provisional,
  provisionals,
  removed,
  type Sent,
  STARTS,
} from '../testing/histories';
import { shownIn } from '../testing/shown';
import { ResultView } from './result-view';
import type { BackfillRecord, PlacedRecord, SpanRecord } from './view-record';
import { WindowRows } from './window-rows';

const newView = (maxRows = 1_000_000, lagsMs: readonly number[] = []): ResultView =>
  new ResultView(
    METRICS.map((identity) => ({ identity, hopMs: 1_000, sizeMs: 1_000, lagsMs })),
    PARTITIONS,
    maxRows,
  );

function viewOf(logs: readonly PlacedRecord[][]): ResultView {
  const view = newView();
  logs.forEach((log, partition) => view.apply(partition, log));
  return view;
}

const viewAfter = (...history: readonly Sent[]): ResultView => viewOf(logsOf(history));

/** The log with its rows packed, all into the same few bytes. */
function* packed(log: readonly Logged[]): Generator<PlacedRecord> {
  const bytes = Buffer.alloc(64);
  for (const { record, ...place } of log) {
    if (record.kind !== 'row' || record.retracted) {
      yield { ...place, record };
      continue;
    }
    const { metric, startMs, final: isFinal, revision } = record;
    const middle = bytes.write(record.group);
    const group = { bytes, from: 0, to: middle };
    const payload = { bytes, from: middle, to: middle + bytes.write(record.payload, middle) };
    yield { ...place, record: { kind: 'packed-row', metric, startMs, group, final: isFinal, revision, payload } };
    bytes.fill(0);
  }
}

interface Provisional {
  readonly revision: number;
  readonly text: string | null;
}

/**
 * What ought to be shown, kept as four plain maps that no record ever thins out but a tombstone; what a final or a
 * closing makes void is left out only when the question is asked.
 */
class Oracle {
  private readonly finals = new Map<string, string>();
  private readonly provisionals = new Map<string, Provisional>();
  private readonly closed = new Set<string>();
  private readonly late = new Map<string, { count: number; revision: number }>();

  apply({ partition, record }: Sent): void {
    const window = `${record.metric}|${record.startMs}`;
    if (record.kind === 'closed') this.closed.add(`${window}|${partition}`);
    if (record.kind === 'late') {
      const key = `${window}|${record.source}`;
      if (record.revision > (this.late.get(key)?.revision ?? -1)) this.late.set(key, record);
    }
    if (record.kind === 'row-removed') {
      (record.final ? this.finals : this.provisionals).delete(`${window}|${record.group}`);
      if (record.final) this.provisionals.delete(`${window}|${record.group}`);
    }
    if (record.kind !== 'row') return;
    const key = `${window}|${record.group}`;
    if (record.final) this.finals.set(key, `${record.payload} final ${record.revision}`);
    else if (!this.finals.has(key) && record.revision > (this.provisionals.get(key)?.revision ?? -1)) {
      const text = record.retracted ? null : `${record.payload} provisional ${record.revision}`;
      this.provisionals.set(key, { revision: record.revision, text });
    }
  }

  shown(metric: string): Map<string, string> {
    const shown = new Map<string, string>();
    for (const startMs of STARTS) {
      for (const group of GROUPS) {
        const window = `${metric}|${startMs}`;
        const isClosed = this.closed.has(`${window}|${partitionOf(group)}`);
        const provisionalText = isClosed ? null : this.provisionals.get(`${window}|${group}`)?.text;
        const text = this.finals.get(`${window}|${group}`) ?? provisionalText;
        const lateRows = [0, 1].reduce((sum, p) => sum + (this.late.get(`${window}|${p}`)?.count ?? 0), 0);
        if (text != null) shown.set(`${startMs}|${group}`, `${text} late ${lateRows}`);
      }
    }
    return shown;
  }
}

describe('the view of results', () => {
  it('prefers the higher revision, and any final to all of them', () => {
    const view = viewAfter(
      provisional('m@1', 0, '["a"]', 5),
      provisional('m@1', 0, '["a"]', 3),
      provisional('m@1', 0, '["b"]', 7),
      final('m@1', 0, '["b"]'),
      provisional('m@1', 0, '["b"]', 50),
    );
    expect([...shownIn(view, 'm@1')]).toEqual([
      ['0|["a"]', 'p5 provisional 5 late 0'],
      ['0|["b"]', 'F final 6 late 0'],
    ]);
  });

  it('drops what is provisional in the partition that closes the window, and there only', () => {
    const view = viewAfter(
      provisional('m@1', 0, '["a"]', 1),
      provisional('m@1', 0, '["b"]', 1),
      closed('m@1', 0, partitionOf('["a"]')),
      provisional('m@1', 0, '["a"]', 2), // an owner that has not heard that it was replaced
    );
    expect([...shownIn(view, 'm@1').keys()]).toEqual(['0|["b"]']);
  });

  it('takes a retracted row back when a newer revision has one', () => {
    const view = viewAfter(provisional('m@1', 0, '["a"]', 3), provisional('m@1', 0, '["a"]', 4));
    expect(shownIn(view, 'm@1').size).toBe(0);
    view.apply(0, [{ offset: 2, appendMs: 2, record: provisional('m@1', 0, '["a"]', 2).record }]);
    expect(shownIn(view, 'm@1').size).toBe(0);
    view.apply(0, [{ offset: 3, appendMs: 3, record: provisional('m@1', 0, '["a"]', 5).record }]);
    expect([...shownIn(view, 'm@1').values()]).toEqual(['p5 provisional 5 late 0']);
  });

  it('adds late rows up over partitions, each by its highest revision', () => {
    const view = viewAfter(final('m@1', 0, '["a"]'), late('m@1', 0, 0, 3), late('m@1', 0, 0, 2), late('m@1', 0, 1, 1));
    expect([...shownIn(view, 'm@1').values()]).toEqual(['F final 6 late 8']);
  });

  it('forgets what a tombstone takes away', () => {
    const view = viewAfter(
      final('m@1', 0, '["a"]'),
      removed('m@1', 0, '["a"]', true),
      provisional('m@1', 0, '["b"]', 1),
      removed('m@1', 0, '["b"]', false),
    );
    expect(shownIn(view, 'm@1').size).toBe(0);
  });

  it('shows what the oracle shows, whatever arrives in whatever batches', () =>
    fc.assert(
      fc.property(histories, fc.array(fc.integer({ min: 1, max: 9 })), fc.boolean(), (history, cuts, repeat) => {
        const view = newView();
        const oracle = new Oracle();
        logsOf(history).forEach((log, partition) => {
          for (let from = 0, cut = 0; from < log.length; cut += 1) {
            const batch = log.slice(from, from + (cuts[cut % Math.max(cuts.length, 1)] ?? 5));
            view.apply(partition, batch);
            if (repeat) view.apply(partition, batch); // a fetch that came twice
            from += batch.length;
          }
          for (const { record } of log) oracle.apply({ partition, record });
        });
        for (const metric of METRICS) expect(shownIn(view, metric)).toEqual(oracle.shown(metric));
        expect(view.metric('m@1').rows).toBeLessThanOrEqual(STARTS.length * GROUPS.length);
      }),
      { numRuns: 500 },
    ));

  it('shows the same of rows that come as bytes, which are overwritten by the next', () =>
    fc.assert(
      fc.property(histories, (history) => {
        const view = newView();
        logsOf(history).forEach((log, partition) => view.apply(partition, packed(log)));
        for (const metric of METRICS) expect(shownIn(view, metric)).toEqual(shownIn(viewOf(logsOf(history)), metric));
      }),
      { numRuns: 300 },
    ));

  it('ends up with the same rows from a compacted log, once every window is closed', () => {
    const keptGroups = fc.subarray([...GROUPS]);
    fc.assert(
      fc.property(
        keptGroups,
        fc.array(provisionals, { maxLength: 40 }),
        fc.array(fc.oneof(provisionals, finals, closings), { maxLength: 20 }),
        fc.nat(40),
        (kept, before, zombies, cleanTo) => {
          const settled = METRICS.flatMap((metric) =>
            STARTS.flatMap((startMs) => [
              ...kept.map((group) => final(metric, startMs, group)),
              ...[0, 1].map((partition) => closed(metric, startMs, partition)),
            ]),
          );
          // Whoever it is that writes a final: there is one only where the others have one.
          const allowed = zombies.filter(
            ({ record }) =>
              record.kind !== 'row' || !record.final || kept.includes(record.group as (typeof GROUPS)[number]),
          );
          const logs = logsOf([...before, ...settled, ...allowed]);
          const cleaned = viewOf(logs.map((log) => compacted(log, cleanTo)));
          for (const metric of METRICS) expect(shownIn(cleaned, metric)).toEqual(shownIn(viewOf(logs), metric));
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('the bounds of the view', () => {
  const rows = (startMs: number, count: number, from: number): PlacedRecord[] =>
    Array.from({ length: count }, (_, index) => ({
      offset: from + index,
      appendMs: from + index,
      record: { ...final('m@1', startMs, '["a"]').record, group: `["${index}"]` } as PlacedRecord['record'],
    }));

  it('drops the oldest windows first, whole, and takes no half of them back', () => {
    const view = newView(25);
    view.apply(0, rows(2_000, 10, 0));
    view.apply(0, rows(0, 10, 10));
    view.apply(0, rows(1_000, 10, 20));
    view.apply(0, rows(0, 1, 30));
    expect(new Set([...shownIn(view, 'm@1').keys()].map((key) => key.split('|')[0]))).toEqual(
      new Set(['1000', '2000']),
    );
    expect([view.rows, view.droppedWindows, view.refusedRecords]).toEqual([20, 1, 1]);
    expect(view.completeFromMs('m@1')).toBe(1_000);
  });

  it('keeps a long window that is still open rather than short ones in it', () => {
    const metric = { hopMs: 1_000, sizeMs: 1_000, lagsMs: [] };
    const day = { identity: 'day@1', hopMs: 10_000, sizeMs: 10_000, lagsMs: [] };
    const view = new ResultView([{ identity: 'm@1', ...metric }, day], PARTITIONS, 25);
    const ofDay = rows(0, 5, 0).map((placed) => ({
      ...placed,
      record: { ...placed.record, metric: 'day@1' } as PlacedRecord['record'],
    }));
    view.apply(0, ofDay);
    for (const second of [0, 1, 2]) view.apply(0, rows(second * 1_000, 10, 5 + 10 * second));
    expect(shownIn(view, 'day@1').size).toBe(5);
    expect(view.completeFromMs('m@1')).toBe(2_000);
  });

  it('keeps the last window however large it is', () => {
    const view = newView(5);
    view.apply(0, rows(0, 10, 0));
    expect(shownIn(view, 'm@1').size).toBe(10);
  });

  it('forgets windows by the age of their records, not of their events', () => {
    const view = newView();
    view.apply(0, rows(5_000_000, 3, 0));
    view.apply(0, rows(0, 3, 100));
    view.dropAppendedBefore(50);
    expect([...shownIn(view, 'm@1').keys()].map((key) => key.split('|')[0])).toEqual(['0', '0', '0']);
    view.apply(0, rows(5_000_000, 3, 200));
    expect(shownIn(view, 'm@1').size).toBe(6);
  });

  it('calls no window whole that may lack results, since the first records of a partition had expired', () => {
    const view = new ResultView([{ identity: 'm@1', hopMs: 1_000, sizeMs: 1_000, lagsMs: [1_000] }], 2, 100);
    view.beginAt(1, 7);
    const tell = (partition: number, offset: number, record: PlacedRecord['record']): void =>
      view.apply(partition, [{ offset, appendMs: 0, record }]);
    tell(0, 0, final('m@1', 2_000, GROUPS[0]).record);
    tell(0, 1, final('m@1', 4_000, GROUPS[0]).record);
    tell(0, 2, { kind: 'progress', metric: 'm@1', closedUntilMs: 9_000 });
    tell(1, 7, { kind: 'progress', metric: 'm@1', closedUntilMs: 9_000 });
    const rows = view.metric('m@1');
    expect([rows.finalWindow(2_000), rows.finalWindow(4_000)]).toEqual([null, null]);
    tell(1, 8, { kind: 'closed', metric: 'm@1', startMs: 2_000 });
    // The one that closed first behind what has expired may have begun before.
    expect([rows.finalWindow(2_000), rows.finalWindow(4_000)]).toEqual([null, rows.at(4_000)]);
  });

  it('says from where on it is complete when its log had been trimmed', () => {
    const view = newView();
    expect(view.completeFromMs('m@1')).toBeNull();
    view.beginAt(0, 40);
    view.apply(0, [{ offset: 40, appendMs: 0, record: closed('m@1', 2_000, 0).record }]);
    expect(view.completeFromMs('m@1')).toBe(3_000);
  });

  it('is complete from where a backfill begins, as long as no hole lies between it and what services tell', () => {
    const view = newView();
    const tell = (offset: number, record: SpanRecord | BackfillRecord): void =>
      view.apply(0, [{ offset, appendMs: 0, record }]);
    tell(0, { kind: 'span', metric: 'm@1', source: 0, fromMs: 5_500 });
    tell(1, { kind: 'span', metric: 'm@1', source: 1, fromMs: 4_000 });
    expect(view.completeFromMs('m@1')).toBe(6_000);
    tell(2, { kind: 'backfill', metric: 'm@1', source: 0, fromMs: 2_000, untilMs: 5_500 });
    expect(view.completeFromMs('m@1')).toBe(4_000);
    tell(3, { kind: 'backfill', metric: 'm@1', source: 1, fromMs: 2_000, untilMs: 4_000 });
    expect(view.completeFromMs('m@1')).toBe(2_000);
    tell(4, { kind: 'span', metric: 'm@1', source: 1, fromMs: 9_000 });
    expect(view.completeFromMs('m@1')).toBe(9_000);
  });

  it('compares with a window of a backfill when the last partition has told that it is done, and tells watchers', () => {
    const lagMs = 4_000;
    const view = newView(1_000, [lagMs]);
    const tell = (partition: number, offset: number, record: PlacedRecord['record']): void =>
      view.apply(partition, [{ offset, appendMs: 0, record }]);
    for (const p of [0, 1]) tell(p, 0, { kind: 'span', metric: 'm@1', source: p, fromMs: 5_000 });
    for (const p of [0, 1]) tell(p, 1, { kind: 'progress', metric: 'm@1', closedUntilMs: 9_000 });
    tell(0, 2, final('m@1', 2_000, GROUPS[0]).record);
    tell(0, 3, final('m@1', 5_000, GROUPS[0]).record);
    const rows = view.metric('m@1');
    const backfill = { kind: 'backfill', metric: 'm@1', fromMs: 2_000, untilMs: 5_000 } as const;
    tell(0, 4, { ...backfill, source: 0 });
    expect([rows.finalWindow(2_000), rows.finalWindow(5_000)]).toEqual([null, rows.at(5_000)]);
    const cursor = view.positions;
    tell(1, 2, { ...backfill, source: 1 });
    expect(rows.finalWindow(2_000)).toBe(rows.at(2_000));
    const compared = new WindowRows(2_000 + lagMs);
    expect(rows.isComparedAnew(compared, cursor)).toBe(true);
    expect(rows.isComparedAnew(compared, view.positions)).toBe(false);
  });
});
