import { isTotal } from '../../windowing/window-spec';
import { grownBytes, grownDoubles } from '../../windowing/grow';
import { ByteReader } from '../checkpoint/byte-reader';
import type { ByteWriter } from '../checkpoint/byte-writer';
import { CollectedItems } from '../measures/collected';
import { KeyInterner } from '../groups/key-interner';
import type { FieldKeySpace } from '../groups/key-space';
import { KeySpaces } from '../groups/key-spaces';
import type { CollectPart, MetricPlan } from '../plan/metric-plan';
import { mergeMoments } from '../measures/moments';
import type { PartBlock } from '../output';
import { decodeAccumulator } from './part-codec';
import { highHalf, lowHalf, writeSum } from '../measures/exact-sum';
import { extremeOf } from '../slices/slice-merger';
import type { SentBefore } from '../results/result-builder';
import { WindowValues } from '../results/window-values';

const MISSING = 0;
const OPEN = 1;
const FROZEN = 2;

/** The newest parts of one window of one metric, from every source partition, group by group. */
export class MergeWindow {
  /** Groups that have changed since provisional results were last taken. */
  private changed = new Set<number>();
  private readonly sent = new Set<number>();
  private readonly keys = new KeyInterner();
  /** A row for each (group, source), filled where `states` says so. */
  private readonly accumulators: WindowValues;
  private states = new Uint8Array(0);
  private revisions = new Float64Array(0);
  private offsets = new Float64Array(0);
  private readonly sourceRevisions: Float64Array;
  /** Of a total: from when on each source counts. */
  private readonly countedFromMs: Float64Array;
  /** What the values of each `top` of the plan are ids of, in this window. */
  private readonly topMembers: readonly FieldKeySpace[];

  constructor(
    private readonly plan: MetricPlan,
    private readonly sources: number,
  ) {
    const spaces = new KeySpaces(plan.schema);
    this.topMembers = plan.tops.map(({ field }) => spaces.field(field));
    this.accumulators = new WindowValues(plan, this.topMembers);
    this.sourceRevisions = new Float64Array(sources);
    this.countedFromMs = new Float64Array(sources);
  }

  /** Takes what is newer than what is known: frozen beats open, then the revision decides. */
  apply(source: number, part: PartBlock, offset: number): void {
    const { groups, accumulators } = part;
    if (isTotal(this.plan.metric.window)) {
      // A source that counts from later on has begun anew: what it sent before is void, even if it is read again.
      if (part.startMs < (this.countedFromMs[source] as number)) return;
      if (part.startMs > (this.countedFromMs[source] as number)) this.forget(source);
      this.countedFromMs[source] = part.startMs;
    }
    const state = part.frozen ? FROZEN : OPEN;
    for (let i = 0; i < groups.count; i++) {
      const group = this.groupOf(groups.bytes, groups.offsets[i] as number, groups.offsets[i + 1] as number);
      const at = group * this.sources + source;
      const known = this.states[at] as number;
      const newer = part.revision - (this.revisions[at] as number);
      if (state < known || (state === known && newer < 0)) continue;
      this.offsets[at] = offset;
      if (state === known && newer === 0) continue; // the same once more
      this.states[at] = state;
      this.revisions[at] = part.revision;
      const start = accumulators.offsets[i] as number;
      decodeAccumulator(new ByteReader(accumulators.bytes, start, accumulators.offsets[i + 1]), this.accumulators, at);
      this.changed.add(group);
    }
    for (const members of this.topMembers) members.sweep();
    this.sourceRevisions[source] = Math.max(this.sourceRevisions[source] as number, part.revision);
  }

  /** Forgets all that a source has sent. */
  forget(source: number): void {
    for (let group = 0; group < this.keys.size; group++) {
      const at = group * this.sources + source;
      if (this.states[at] === MISSING) continue;
      this.states[at] = MISSING;
      this.revisions[at] = 0;
      this.changed.add(group);
    }
    this.sourceRevisions[source] = 0;
  }

  /** Takes the group at `turn` and every `turns`-th after it for changed. */
  retell(turn: number, turns: number): void {
    for (let group = turn; group < this.keys.size; group += turns) this.changed.add(group);
  }

  /** Sum over the sources of the newest revision that each has sent for this window. */
  get revision(): number {
    return this.sourceRevisions.reduce((sum, revision) => sum + revision, 0);
  }

  get changedCount(): number {
    return this.changed.size;
  }

  /** Smallest offset of a part that the window consists of. */
  get lowestOffset(): number {
    let lowest = Infinity;
    for (let at = 0; at < this.accumulators.count; at++) {
      if (this.states[at] !== MISSING) lowest = Math.min(lowest, this.offsets[at] as number);
    }
    return lowest;
  }

  /** Merged values of the groups that have changed since the last call. */
  takeChanged(): WindowValues {
    const values = this.merge(this.changed);
    this.changed = new Set();
    return values;
  }

  /** Merged values of all groups. */
  all(): WindowValues {
    return this.merge(Array.from({ length: this.keys.size }, (_, group) => group));
  }

  readonly sentBefore: SentBefore = {
    has: (group) => this.sent.has(group),
    update: (group, satisfied) => {
      if (satisfied) this.sent.add(group);
      else this.sent.delete(group);
    },
  };

  /** Appends the group key of an owner of the merged values. */
  readonly writeKey = (group: number, writer: ByteWriter): void => {
    writer.raw(this.keys.bytesOf(group + 1), 0, this.keys.length(group + 1));
  };

  private groupOf(bytes: Uint8Array, start: number, end: number): number {
    const group = this.keys.intern(bytes, start, end) - 1;
    const cells = (group + 1) * this.sources;
    this.states = grownBytes(this.states, cells);
    this.revisions = grownDoubles(this.revisions, cells);
    this.offsets = grownDoubles(this.offsets, cells);
    while (this.accumulators.count < cells) this.accumulators.add(group);
    return group;
  }

  private merge(groups: Iterable<number>): WindowValues {
    const values = new WindowValues(this.plan, this.topMembers);
    for (const group of groups) this.mergeGroup(group, values);
    return values;
  }

  /** Sources are merged in their order: sums of doubles and lists depend on it. */
  private mergeGroup(group: number, values: WindowValues): void {
    const { plan, accumulators } = this;
    const row = values.add(group);
    const to = row * plan.windowWidth;
    const halves = plan.sums.map(() => ({ high: 0, low: 0 }));
    const lists = plan.collects.map(({ type }) => new CollectedItems(type));
    for (let source = 0; source < this.sources; source++) {
      const cell = group * this.sources + source;
      if (this.states[cell] === MISSING) continue;
      const from = cell * plan.windowWidth;
      const numberAt = (at: number) => accumulators.numbers[from + at] as number;
      const add = (at: number) => {
        values.numbers[to + at] = (values.numbers[to + at] as number) + numberAt(at);
      };
      add(0);
      for (const { at } of plan.counts) add(at);
      plan.sums.forEach(({ at, exact }, i) => {
        add(at + 1);
        if (!exact) return add(at);
        add(at + 2);
        const sum = halves[i] as (typeof halves)[number];
        sum.high += highHalf(numberAt(at));
        sum.low += lowHalf(numberAt(at));
      });
      for (const { kind, at } of plan.extremes) {
        values.numbers[to + at] = extremeOf(kind, values.numbers[to + at] as number, numberAt(at));
      }
      for (const { at } of plan.moments) mergeMoments(values.numbers, to + at, accumulators.numbers, from + at);
      for (const part of plan.edges) {
        const { edges, numbers } = accumulators;
        if (Number.isNaN(numberAt(part.at))) continue;
        values.mergeEdge(
          row,
          part,
          numbers,
          from + part.at,
          edges.sourceOf(cell, part.edge),
          edges.ownerOf(cell, part.edge),
        );
      }
      for (const part of plan.collects) {
        add(part.at);
        this.copyItems(cell, part, numberAt(part.at), lists[part.list] as CollectedItems);
      }
      for (const { sketch } of plan.sketches) values.sketched.copy(row, accumulators.sketched, cell, sketch);
      for (const { top } of plan.tops) values.tops.copy(row, accumulators.tops, cell, top);
      for (const { parts } of plan.distincts) for (const { at } of parts) add(at);
    }
    plan.sums.forEach(({ at, exact }, i) => {
      const { high, low } = halves[i] as (typeof halves)[number];
      const { numbers } = values;
      if (exact) writeSum(high, low, numbers[to + at + 2] as number, numbers, to + at, to + at + 2);
      else if (!Number.isFinite(numbers[to + at])) numbers[to + at] = NaN;
    });
    lists.forEach((list, i) => values.setItems(row, i, list));
  }

  /** Appends what one source has collected, of `collected` values, as far as the list's bounds allow. */
  private copyItems(cell: number, part: CollectPart, collected: number, target: CollectedItems): void {
    if (target.isFull(0)) return;
    const { accumulators } = this;
    const { limit, maxBytes } = part;
    const picked = accumulators.pick(cell, part);
    for (let i = 0; i < picked && target.values.count < limit; i++) {
      const { values } = accumulators.pickedFrom[i] as CollectedItems;
      const item = accumulators.picked[i] as number;
      if (!target.reserve(0, values.listedBytes(item), maxBytes)) return;
      target.values.pushCopy(values, item);
      target.append(0, 0, 0);
    }
    // The source's next value did not fit there, nor does it here.
    if (picked < Math.min(limit, collected)) target.fill(0);
  }
}
