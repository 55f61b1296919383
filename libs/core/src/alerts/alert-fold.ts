import type { AlertDefinition, HoppingMetric } from '../metrics/definition';
import type { WindowNumbers } from './alert-windows';
import { AlertJudge } from './alert-windows';

/** An alert that is open, by the windows that have opened it; windows by their start. */
export interface OpenAlert {
  /** The first window in a row that satisfied the condition. */
  readonly sinceMs: number;
  /** The window that opened it: the row was long enough. It names the alert for ever. */
  readonly openedMs: number;
}

/** Something that a window has done to an alert. */
export interface AlertChange extends OpenAlert {
  readonly kind: 'opened' | 'resolved';
  readonly group: string;
  /** The window that did it. */
  readonly startMs: number;
  /** Of that window, one a measure; null: the group is not in it. */
  readonly numbers: readonly number[] | null;
  /** One a history value of the alert; null as the numbers. */
  readonly history: readonly number[] | null;
}

/** What is known when the finals of a metric are read again. */
export interface AlertStart {
  /** Windows that begin at or before it were decided. -Infinity: none. */
  readonly decidedMs: number;
  /** The alerts that were open behind that window, by group. */
  readonly open: ReadonlyMap<string, OpenAlert>;
}

interface GroupState {
  /** Windows in a row that satisfied the condition, up to as many as open an alert. */
  run: number;
  sinceMs: number;
  open: OpenAlert | null;
}

/**
 * The alerts of one metric, from its finals in the order of their windows. A function of the finals alone: when they are read
 * again from `neededFromMs` on, it says the same of every window that it has not decided.
 *
 * A group's alert is opened by the window that is the `forWindows`-th in a row that satisfies the condition, and resolved by the
 * first that does not, or in which there is no such group. Windows are in a row when each begins a hop behind the other.
 */
export class AlertFold {
  private readonly judge: AlertJudge;
  private readonly windows = new Map<number, Map<string, readonly number[]>>();
  /** Starts of windows that have results and are not decided. */
  private readonly pending = new Set<number>();
  private readonly groups = new Map<string, GroupState>();
  private decided: number;
  private isWarm: boolean;

  constructor(
    private readonly metric: HoppingMetric,
    private readonly alert: AlertDefinition,
    private readonly start: AlertStart = { decidedMs: -Infinity, open: new Map() },
  ) {
    this.judge = new AlertJudge(metric, alert);
    this.decided = start.decidedMs;
    this.isWarm = start.decidedMs === -Infinity;
  }

  /** Start of the newest window that has been decided; -Infinity: none. */
  get decidedMs(): number {
    return this.decided;
  }

  /** Windows that begin before it say nothing any more about those that are not decided. */
  get neededFromMs(): number {
    return this.decided - this.alert.forWindows * this.metric.window.hopMs - this.judge.reachMs;
  }

  /** Takes a final; it may come again. @param numbers one a measure, NaN for null and for no number */
  add(startMs: number, group: string, numbers: readonly number[]): void {
    if (startMs < this.neededFromMs) return;
    const window = this.windows.get(startMs);
    if (window) window.set(group, numbers);
    else this.windows.set(startMs, new Map([[group, numbers]]));
    if (startMs > this.decided) this.pending.add(startMs);
  }

  /** Decides the windows that end at or before `closedUntilMs`: every final of them has been taken. */
  decide(closedUntilMs: number): AlertChange[] {
    const { sizeMs, hopMs } = this.metric.window;
    const last = Math.floor((closedUntilMs - sizeMs) / hopMs) * hopMs;
    if (!(last > this.decided)) return [];
    const changes = this.isWarm ? [] : this.warmUp();
    const due = [...this.pending].filter((startMs) => startMs <= last).sort((a, b) => a - b);
    for (let at = 0; ;) {
      // Windows without results matter only to groups that are on their way to an alert, or have one.
      const following = this.groups.size > 0 ? this.decided + hopMs : Infinity;
      const next = Math.min(following, due[at] ?? Infinity);
      if (next > last) break;
      if (next === due[at]) at++;
      this.decideWindow(next, changes);
      this.decided = next;
    }
    for (const startMs of due) this.pending.delete(startMs);
    this.decided = last;
    for (const startMs of this.windows.keys()) if (startMs < this.neededFromMs) this.windows.delete(startMs);
    return changes;
  }

  private decideWindow(startMs: number, changes: AlertChange[]): void {
    const { forWindows } = this.alert;
    const window = this.windows.get(startMs);
    const held = new Map<string, readonly number[]>();
    const judged = this.judge.judge(startMs, this.windowAt);
    for (const { group, holds, history } of judged) if (holds) held.set(group, history);
    for (const [group, state] of this.groups) {
      if (held.has(group)) continue;
      this.groups.delete(group);
      if (!state.open) continue;
      const history = judged.find((one) => one.group === group)?.history ?? null;
      changes.push({ ...state.open, kind: 'resolved', group, startMs, numbers: window?.get(group) ?? null, history });
    }
    for (const [group, history] of held) {
      const state = this.stateOf(group, startMs);
      state.run = Math.min(state.run + 1, forWindows);
      if (state.run < forWindows || state.open) continue;
      state.open = { sinceMs: state.sinceMs, openedMs: startMs };
      changes.push({ ...state.open, kind: 'opened', group, startMs, numbers: window?.get(group) ?? null, history });
    }
  }

  /** Counts anew how many of the windows that were decided last satisfied the condition, for groups without an alert. */
  private warmUp(): AlertChange[] {
    this.isWarm = true;
    const { hopMs } = this.metric.window;
    const decided = this.decided;
    for (const [group, open] of this.start.open) {
      const { sinceMs, openedMs } = open;
      this.groups.set(group, { run: this.alert.forWindows, sinceMs, open: { sinceMs, openedMs } });
    }
    for (let i = this.alert.forWindows - 1; i >= 0; i--) {
      const startMs = decided - i * hopMs;
      const held = this.judge.judge(startMs, this.windowAt).filter(({ holds }) => holds);
      const holding = new Set(held.map(({ group }) => group));
      for (const [group, { open }] of this.groups) if (!open && !holding.has(group)) this.groups.delete(group);
      for (const group of holding) {
        const state = this.stateOf(group, startMs);
        if (!state.open) state.run++;
      }
    }
    // An alert that nobody remembers, because it was opened longer ago than alerts are kept, is opened anew.
    const changes: AlertChange[] = [];
    for (const [group, state] of this.groups) {
      if (state.open || state.run < this.alert.forWindows) continue;
      state.open = { sinceMs: state.sinceMs, openedMs: decided };
      const numbers = this.windows.get(decided)?.get(group) ?? null;
      changes.push({ ...state.open, kind: 'opened', group, startMs: decided, numbers, history: null });
    }
    return changes;
  }

  private readonly windowAt = (startMs: number): WindowNumbers | undefined => this.windows.get(startMs);

  private stateOf(group: string, startMs: number): GroupState {
    const known = this.groups.get(group);
    if (known) return known;
    const state: GroupState = { run: 0, sinceMs: startMs, open: null };
    this.groups.set(group, state);
    return state;
  }
}
