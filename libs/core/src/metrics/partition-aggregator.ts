import type { EventBatch } from '../batch/event-batch';
import { firstAtOrBeyond } from '../batch/first-at-or-beyond';
import { slicedWindows } from '../windowing/sliced-windows';
import { isSession, lastsMs } from '../windowing/window-spec';
import { BatchView } from './slices/batch-view';
import { ByteReader } from './checkpoint/byte-reader';
import { ConditionSet } from './plan/condition-set';
import type { MetricDefinition } from './definition';
import { latenessOf } from './lateness';
import type { DeltaSet } from './slices/delta-book';
import { DeltaBook } from './slices/delta-book';
import { KeySpaces } from './groups/key-spaces';
import { LateCounts } from './late-counts';
import { LateLedger } from './late-ledger';
import { MetricAggregator } from './metric-aggregator';
import type { SavedPiece } from './checkpoint/metric-checkpoint';
import { MetricCheckpoint, splitName } from './checkpoint/metric-checkpoint';
import type { MetricPlan } from './plan/metric-plan';
import { planMetric } from './plan/metric-planner';
import type { AggregatorStart, Definitions, MetricLife } from './metric-life';
import { livesAfter, livesFrom } from './metric-life';
import type { MetricSpan } from './metric-span';
import { isAlways } from './metric-span';
import { MetricState } from './metric-state';
import type { ClosedWindow, LateCount, LateRow, PartBlock, ResultBlock } from './output';
import type { ClosedAt, PartitionMetric } from './partition-metric';
import type { SavedPosition } from './checkpoint/partition-state';
import { decodePartitionState, encodePartitionState } from './checkpoint/partition-state';
import { SessionAggregator } from './sessions/session-aggregator';
import { SessionCheckpoint } from './sessions/session-checkpoint';
import { SessionState } from './sessions/session-state';
import { SliceSorter } from './slices/slice-sorter';

export interface PartitionAggregatorOptions extends Definitions {
  readonly partition: number;
}

/** What an aggregator left in a checkpoint. */
export interface SavedAggregator {
  readonly next: number;
  readonly state: Uint8Array;
  /** In the order of their commits; values are absolute, so repeated and overlapping ones do no harm. */
  readonly deltas: Iterable<SavedPiece>;
}

/** What goes to the checkpoint. `rewrites` replace all deltas of their slice. */
export interface AggregatorDeltas extends DeltaSet {
  readonly state: Uint8Array;
}

/** What the state of a checkpoint says about what must be known to restore it. */
export interface SavedDefinition {
  /** sha256 (hex) of the definition in force; '' before the first one, and when an earlier version wrote it. */
  readonly definition: string;
  /** Identities of the metrics it holds windows of. */
  readonly metrics: readonly string[];
}

/** How much an aggregator holds. Everything goes back to 0 once all windows are closed. */
export interface AggregatorSize {
  readonly slices: number;
  readonly groups: number;
  readonly members: number;
  /** Windows at which distinct counts change. */
  readonly steps: number;
  /** Texts and numbers known by an id. */
  readonly keys: number;
}

/**
 * All metrics of one partition. What it tells is a function of the rows in raw order alone: where batches are cut, how
 * often it is saved and restored, and when it is asked never change a final, a frozen part or a late row.
 *
 * No clock and no I/O. Not re-entrant.
 */
export class PartitionAggregator {
  private readonly ledger: LateLedger;
  private readonly spaces: KeySpaces;
  private readonly view: BatchView;
  private readonly sorter = new SliceSorter();
  private readonly book = new DeltaBook();
  private readonly metrics: readonly PartitionMetric[];
  private closed: ClosedWindow[] = [];
  /** By name: how long each metric waits for rows that are out of order. */
  readonly lateness: ReadonlyMap<string, number>;
  private position: SavedPosition & { readonly next: number };
  /** Has anything been applied by this instance? */
  private hasApplied = false;

  private constructor(
    options: PartitionAggregatorOptions,
    position: PartitionAggregator['position'],
    lives: readonly MetricLife[],
  ) {
    const { schema } = options;
    const conditions = new ConditionSet();
    const plans = lives.map(({ metric }, order) => planMetric(metric, order, schema, conditions));
    this.position = position;
    this.lateness = latenessOf(lives.map(({ metric }) => metric));
    this.ledger = new LateLedger(schema);
    this.spaces = new KeySpaces(schema);
    this.view = new BatchView(schema, conditions.conditions);
    this.metrics = plans.map((plan, order) => {
      const metric = this.metricOf(plan, lives[order] as MetricLife);
      metric.start(position.watermarkInputMs);
      return metric;
    });
  }

  /** An aggregator without rows. @throws RangeError for metrics that cannot be computed */
  static create(options: PartitionAggregatorOptions, start: AggregatorStart): PartitionAggregator {
    const { watermarkInputMs, maxEventTimeMs, maxAppendMs, held, definition } = start.before;
    const position = { next: start.next, watermarkInputMs, maxEventTimeMs, maxAppendMs, held, definition };
    return new PartitionAggregator(options, position, livesFrom(options, start));
  }

  /**
   * An aggregator as it was when it was saved, with the metrics that are declared now.
   *
   * @throws RangeError for a checkpoint that is cut short or was written by a later version
   */
  static restore(options: PartitionAggregatorOptions, saved: SavedAggregator): PartitionAggregator {
    const { metrics, ...position } = decodePartitionState(saved.state);
    const lives = livesAfter(options, metrics, position);
    const aggregator = new PartitionAggregator(options, { next: saved.next, ...position }, lives);
    aggregator.load(saved.deltas, lives);
    return aggregator;
  }

  /** What must be known to restore a checkpoint. @throws RangeError as `restore` does */
  static definitionOf(state: Uint8Array): SavedDefinition {
    const { definition, metrics } = decodePartitionState(state);
    return { definition, metrics: metrics.map(({ identity }) => identity) };
  }

  /** Raw position applied so far: the first raw offset not yet reflected. */
  get next(): number {
    return this.position.next;
  }

  /** Newest min(event time, append time) of an accepted row or `advance`. -Infinity: nothing yet. */
  get watermarkInputMs(): number {
    return this.position.watermarkInputMs;
  }

  get maxEventTimeMs(): number {
    return this.position.maxEventTimeMs;
  }

  get maxAppendMs(): number {
    return this.position.maxAppendMs;
  }

  /** Between a `hold` and its `release`. */
  get held(): boolean {
    return this.position.held;
  }

  /** sha256 (hex) of the definition in force at `next`; '' before the first one. */
  get definition(): string {
    return this.position.definition;
  }

  /** Windows that metrics have whole here, for those that do not have all. */
  spans(): ReadonlyMap<string, MetricSpan> {
    const limited = this.metrics.filter(({ state }) => !isAlways(state.span));
    return new Map(limited.map(({ state }) => [state.plan.metric.identity, state.span]));
  }

  /** All metrics that are computed, retired ones behind those that are declared. */
  definitions(): readonly MetricDefinition[] {
    return this.metrics.map(({ state }) => state.plan.metric);
  }

  /** Has a retired metric closed all windows that it has whole? A restored aggregator is without it. */
  get hasRunOut(): boolean {
    return this.metrics.some((metric) => metric.watermarkOf(this.watermarkInputMs) >= metric.state.runsOutMs);
  }

  /** Applies the records of a batch with offsets at or beyond `next`. That there is no hole before it is the caller's to check. */
  apply(batch: EventBatch): void {
    const { next } = this.position;
    if (batch.rawNext <= next) return;
    this.hasApplied = true;
    const firstRecord = firstAtOrBeyond(batch.records, next);
    if (firstRecord < batch.records.count) this.applyRecords(batch, firstRecord);
    const { after } = batch;
    this.position = {
      next: batch.rawNext,
      watermarkInputMs: Math.max(this.watermarkInputMs, after.watermarkInputMs),
      maxEventTimeMs: Math.max(this.maxEventTimeMs, after.maxEventTimeMs),
      maxAppendMs: Math.max(this.maxAppendMs, after.maxAppendMs),
      held: after.held,
      definition: after.definition,
    };
  }

  /** Windows closed since the last call, in closing order: by closing record, then metric, then window. */
  takeClosed(): ClosedWindow[] {
    const taken = this.closed;
    this.closed = [];
    return taken;
  }

  /** Rows that have missed windows since the last call, in raw order, and the counts that this has changed. */
  takeLate(): { rows: LateRow[]; counts: LateCount[] } {
    return { rows: this.ledger.take(), counts: this.metrics.flatMap(({ late }) => late.take()) };
  }

  /** After a rebuild: late counts resume from the newest published ones, and rows below their revision count no more. */
  seedLateCounts(counts: readonly LateCount[]): void {
    for (const count of counts) this.find(count.metric)?.late.seed(count);
  }

  /** Has a group of an open window changed since `takeProvisional` was last called? Looks at slices, not at groups. */
  hasProvisional(metric: MetricDefinition): boolean {
    return this.find(metric)?.provisional.isEmpty() === false;
  }

  /**
   * What has changed in open windows since the last call; after a restore, what the checkpoint does not know to have
   * been taken. So whoever takes a checkpoint sees to it that what was taken before has arrived. Local metrics give
   * results, with groups that were sent before and no longer satisfy `having` marked as retracted; merged ones give open
   * parts.
   */
  takeProvisional(metric: MetricDefinition): { results: ResultBlock[]; parts: PartBlock[] } {
    const found = this.find(metric);
    if (!found) return { results: [], parts: [] };
    found.toldNext = this.next;
    return found.provisional.take(this.next);
  }

  /**
   * Takes some groups of a merged metric's open windows for changed: of `turns` calls with the turns from 0 on each group is
   * told once more by one.
   */
  retell(metric: MetricDefinition, turn: number, turns: number): void {
    const slices = this.find(metric)?.state.slices.values() ?? [];
    for (const slice of slices) slice.retell(turn, turns);
  }

  /** The watermark input at which everything open will be closed; -Infinity when nothing is open. */
  openUntilMs(): number {
    let until = -Infinity;
    for (const metric of this.metrics) until = Math.max(until, metric.openUntilMs());
    return until;
  }

  /** About how many bytes `takeDeltas` would give now. */
  dirtyBytes(): number {
    return this.metrics.reduce((sum, { checkpoint }) => sum + checkpoint.unsavedBytes(), 0);
  }

  /** What has changed since the last call, for a checkpoint at `next`. What it holds is not taken twice. */
  takeDeltas(): AggregatorDeltas {
    // A new checkpoint is made of the state alone, so what was seeded stands there until something is applied.
    if (this.hasApplied)
      for (const metric of this.metrics) metric.checkpoint.save(metric.watermarkOf(this.watermarkInputMs));
    const metrics = this.metrics.map(({ state, late, toldNext }) => ({
      identity: state.plan.metric.identity,
      completeFromMs: state.completeFromMs,
      span: state.span,
      toldNext,
      lateCounts: late.encode(late.unsavedWindows()),
    }));
    return {
      state: encodePartitionState({ ...this.position, metrics }),
      ...this.book.take(),
    };
  }

  size(): AggregatorSize {
    let slices = 0;
    let groups = 0;
    let members = 0;
    let steps = 0;
    for (const { state } of this.metrics) {
      slices += state.slices.size;
      groups += state.groups.size;
      for (const counter of state.counters) {
        members += counter.size;
        steps += counter.stepCount;
      }
    }
    return { slices, groups, members, steps, keys: this.spaces.size };
  }

  private metricOf(plan: MetricPlan, { completeFromMs, span }: MetricLife): PartitionMetric {
    const { spaces, book } = this;
    const { metric, session } = plan;
    if (session === null || !isSession(metric.window)) {
      const state = new MetricState(plan, spaces, completeFromMs, span);
      const late = new LateCounts(metric, plan.windows);
      return new MetricAggregator(state, late, new MetricCheckpoint(state, late, book));
    }
    // Known by their begins.
    const late = new LateCounts(metric, slicedWindows({ sizeMs: lastsMs(metric.window), hopMs: 1 }));
    const state = new SessionState({ ...plan, session }, spaces, completeFromMs, span);
    return new SessionAggregator(state, late, new SessionCheckpoint(state, late, book));
  }

  private applyRecords(batch: EventBatch, firstRecord: number): void {
    const { view, sorter, ledger, spaces, position } = this;
    view.begin(batch);
    spaces.begin(view);
    const closed: ClosedAt[] = [];
    const intake = { view, sorter, ledger, closed, firstRecord, inputBeforeMs: position.watermarkInputMs };
    for (const metric of this.metrics) metric.apply(intake);
    closed.sort((a, b) => a.record - b.record || a.order - b.order || a.window - b.window);
    for (const item of closed) this.closed.push(item.closed);
    ledger.endBatch();
    spaces.sweep();

    view.end();
  }

  private load(deltas: Iterable<SavedPiece>, lives: readonly MetricLife[]): void {
    const pieces = new Map<string, SavedPiece[]>();
    const foreign: string[] = [];
    for (const delta of deltas) {
      this.book.loaded(delta);
      const name = splitName(delta.slice);
      const metric = name && this.metrics.find(({ state }) => state.plan.metric.identity === name.identity);
      if (!name || !metric) {
        foreign.push(delta.slice);
        continue;
      }
      const piece = { ...delta, slice: name.rest };
      const known = pieces.get(name.identity);
      if (known) known.push(piece);
      else pieces.set(name.identity, [piece]);
    }
    for (const slice of foreign) this.book.drop(slice);
    this.metrics.forEach((metric, order) => {
      const { toldNext, lateCounts } = lives[order] as MetricLife;
      metric.toldNext = toldNext;
      metric.restore(pieces.get(metric.state.plan.metric.identity) ?? []);
      if (lateCounts) metric.late.restoreUnsaved(new ByteReader(lateCounts));
    });
    this.spaces.sweep();
  }

  private find({ identity }: MetricDefinition): PartitionMetric | undefined {
    return this.metrics.find(({ state }) => state.plan.metric.identity === identity);
  }
}
