import * as fc from 'fast-check';
import type { Clock } from '@tillstream/engine';
import {
  closed,
  compacted,
  final,
  histories,
  logsOf,
  METRICS,
  PARTITIONS,
  provisional,
  rising,
} from '../testing/histories';
import { EVERYTHING, keyOfRow, shownIn, textOfRow } from '../testing/shown';
import { hasReached, type Positions } from './positions';
import { ResultView } from './result-view';
import type { RowFilter } from './row-query';
import type { PlacedRecord } from './view-record';
import { watchRows, type WatchPace, type WatchStep } from './watch-rows';

const instantly: Clock = { nowMs: () => 0, monotonicMs: () => 0, sleep: () => Promise.resolve() };
const pace: WatchPace = { clock: instantly, everyMs: 20, positionsEveryMs: 10_000 };
const METRIC = METRICS[0];

const newView = (maxRows = 1_000_000): ResultView =>
  new ResultView(
    METRICS.map((identity) => ({ identity, hopMs: 1_000, sizeMs: 1_000, lagsMs: [] })),
    PARTITIONS,
    maxRows,
  );

function newViewOf(log: readonly PlacedRecord[]): ResultView {
  const view = newView();
  view.apply(0, log);
  return view;
}

/** Someone who watches: keeps what it was told, as a client would. */
class Watcher {
  readonly held = new Map<string, string>();
  /** Of the newest step that had them. */
  positions: Positions | null = null;
  told = 0;
  private readonly stop = new AbortController();
  private readonly steps: AsyncGenerator<WatchStep>;

  constructor(view: ResultView, resumeAt: Positions | null, filter: RowFilter = EVERYTHING) {
    this.steps = watchRows(view, { metric: METRIC, filter, resumeAt, signal: this.stop.signal }, pace);
  }

  /** Takes one step. */
  async step(): Promise<boolean> {
    const { value, done } = await this.steps.next();
    if (done) return false;
    if (value.snapshot) this.held.clear();
    for (const row of value.rows) {
      this.told += 1;
      if (row.window.isVisible(row.slot)) this.held.set(keyOfRow(row), textOfRow(row));
      else this.held.delete(keyOfRow(row));
    }
    if (value.positions) this.positions = value.positions;
    return true;
  }

  /** Takes steps until it is up to date. */
  async catchUp(): Promise<void> {
    do await this.step();
    while (this.positions === null);
  }

  async leave(): Promise<void> {
    this.stop.abort();
    while (await this.step());
  }
}

const copyInto = (held: ReadonlyMap<string, string>, watcher: Watcher): void => {
  for (const [key, text] of held) watcher.held.set(key, text);
};

/** Many rows of one window, so that a pass takes several steps. */
const manyRows = (count: number, from: number, revision: number): PlacedRecord[] =>
  Array.from({ length: count }, (_, index) => ({
    offset: from + index,
    appendMs: 0,
    record: { ...provisional(METRIC, 0, '["a"]', revision).record, group: `["${index}"]` } as PlacedRecord['record'],
  }));

describe('watching the view', () => {
  // Compaction keeps the last provisional of a key, which need not be the best: what a zombie has left behind may differ
  // between replicas until the next result. So zombies meet the log as it was written, and compaction meets none.
  it.each([
    ['the same log', 0],
    ['a compacted log', 60],
  ])('leaves no gap when a replica dies and another with %s goes on', (_, cleanedAtMost) =>
    fc.assert(
      fc.asyncProperty(histories, fc.nat(60), fc.nat(cleanedAtMost), async (anything, died, cleanTo) => {
        const history = cleanTo === 0 ? anything : rising(anything);
        const logs = logsOf(history);
        const one = newView();
        logs.forEach((log, partition) => one.apply(partition, log.slice(0, Math.floor((log.length * died) / 60))));
        const first = new Watcher(one, null);
        await first.catchUp();
        expect(first.held).toEqual(shownIn(one, METRIC));
        await first.leave();

        const other = newView();
        const second = new Watcher(other, first.positions);
        copyInto(first.held, second);
        const caughtUp = second.catchUp(); // before the replica has read anything: it must wait
        logs.forEach((log, partition) => other.apply(partition, compacted(log, cleanTo)));
        await caughtUp;
        expect(hasReached(second.positions!, first.positions!)).toBe(true);
        // The replica may have read on since: one more change, and the watcher has taken in everything before it.
        const more = { ...final(METRIC, 0, '["a"]').record, group: '["more"]' } as PlacedRecord['record'];
        other.apply(0, [{ offset: 1_000, appendMs: 0, record: more }]);
        await second.step();
        expect(second.held).toEqual(shownIn(other, METRIC));
        await second.leave();
      }),
      { numRuns: 300 },
    ),
  );

  it('takes back what a reader holds of a closed window, though compaction has left only a zombie of it', async () => {
    const told = [provisional(METRIC, 0, '["a"]', 1), closed(METRIC, 0, 0), provisional(METRIC, 0, '["a"]', 2)];
    const log = logsOf(told)[0]!;
    const watcher = new Watcher(newViewOf(compacted(log, 3)), [1, 0]);
    watcher.held.set('0|["a"]', 'p1 provisional 1 late 0');
    await watcher.catchUp();
    expect(watcher.held.size).toBe(0);
    await watcher.leave();
  });

  it('tells a resumed reader only what has changed since', async () => {
    const view = newView();
    view.apply(0, manyRows(300, 0, 1));
    const first = new Watcher(view, null);
    await first.catchUp();
    view.apply(0, manyRows(2, 300, 2));
    const second = new Watcher(view, first.positions);
    await second.catchUp();
    expect(second.told).toBe(2);
    await Promise.all([first.leave(), second.leave()]);
  });

  it('gives a reader that stands still the latest of each row, once, however much has changed', async () => {
    const view = newView();
    const watcher = new Watcher(view, null);
    await watcher.catchUp();
    for (let revision = 1; revision < 100; revision += 2) view.apply(0, manyRows(400, revision * 400, revision));
    await watcher.step();
    expect(watcher.told).toBe(400);
    expect(watcher.held).toEqual(shownIn(view, METRIC));
    await watcher.leave();
  });

  it('goes on rightly when rows change in the middle of a pass', async () => {
    const view = newView();
    view.apply(0, manyRows(1_700, 0, 1));
    const watcher = new Watcher(view, null);
    await watcher.step();
    view.apply(0, manyRows(1_700, 1_700, 2));
    await watcher.catchUp();
    await watcher.step();
    for (let step = 0; step < 10 && watcher.positions![0]! < 3_400; step += 1) await watcher.step();
    expect(watcher.held).toEqual(shownIn(view, METRIC));
    await watcher.leave();
  });

  it('begins anew with a snapshot when what changed since is no longer held', async () => {
    const view = newView(500);
    view.apply(0, manyRows(300, 0, 1));
    const first = new Watcher(view, null);
    await first.catchUp();
    const newer = manyRows(300, 600, 2).map(({ record, ...place }) => ({
      ...place,
      record: { ...record, startMs: 5_000 } as PlacedRecord['record'],
    }));
    view.apply(0, [...manyRows(300, 300, 2), ...newer]); // the first window changes, then has to go
    const second = new Watcher(view, first.positions);
    copyInto(first.held, second);
    await second.catchUp();
    expect(second.held).toEqual(shownIn(view, METRIC));
    expect(second.held.size).toBe(300);
    await Promise.all([first.leave(), second.leave()]);
  });

  it('begins anew when a window is dropped before all of it was told', async () => {
    const view = newView(1_800);
    view.apply(0, manyRows(1_700, 0, 1));
    const watcher = new Watcher(view, null);
    await watcher.step();
    const newer = manyRows(300, 1_700, 1).map(({ record, ...place }) => ({
      ...place,
      record: { ...record, startMs: 5_000 } as PlacedRecord['record'],
    }));
    view.apply(0, newer);
    await watcher.catchUp();
    expect(watcher.held).toEqual(shownIn(view, METRIC));
    await watcher.leave();
  });

  it('begins anew when records behind the token had expired before this replica read them', async () => {
    const view = newView();
    view.beginAt(0, 100);
    view.apply(0, manyRows(1, 100, 1));
    const watcher = new Watcher(view, [40, 0]);
    watcher.held.set('0|["gone"]', 'stale');
    await watcher.catchUp();
    expect([...watcher.held.keys()]).toEqual(['0|["0"]']);
    await watcher.leave();
  });

  it('follows the newest windows, and tells one whole that comes in sight again', async () => {
    const view = newView();
    const newest: RowFilter = { ...EVERYTHING, newestWindows: 1 };
    const watcher = new Watcher(view, null, newest);
    view.apply(0, [{ offset: 0, appendMs: 0, record: provisional(METRIC, 0, '["a"]', 1).record }]);
    await watcher.catchUp();
    view.apply(0, [{ offset: 1, appendMs: 0, record: provisional(METRIC, 1_000, '["a"]', 1).record }]);
    await watcher.step();
    expect([...watcher.held.keys()]).toEqual(['0|["a"]', '1000|["a"]']);
    view.apply(0, [{ offset: 2, appendMs: 0, record: provisional(METRIC, 0, '["a"]', 2).record }]);
    view.apply(0, [{ offset: 3, appendMs: 0, record: provisional(METRIC, 1_000, '["a"]', 3).record }]);
    await watcher.step();
    expect(watcher.held.get('0|["a"]')).toContain('p1 ');
    view.apply(0, [{ offset: 4, appendMs: 0, record: provisional(METRIC, 1_000, '["a"]', 4).record }]); // retracted
    await watcher.step();
    expect(watcher.held.get('0|["a"]')).toContain('p2 ');
    await watcher.leave();
  });

  it('leaves nothing behind when it ends while waiting', async () => {
    const view = newView();
    const watcher = new Watcher(view, null);
    await watcher.catchUp();
    const waiting = watcher.step();
    await new Promise(setImmediate);
    expect(view.changes.waiters).toBe(1);
    await watcher.leave();
    await waiting;
    expect(view.changes.waiters).toBe(0);
  });
});
