import type { RecordPosition, ViewRecord } from './view-record';

type RowRecord = Extract<ViewRecord, { kind: 'row' }>;
type LateRecord = Extract<ViewRecord, { kind: 'late' }>;

/** What stands in a slot. Only provisional and final rows are seen by callers. */
const RowState = {
  Provisional: 0,
  Final: 1,
  /** Sent before, and no longer a row; its revision still refuses older provisionals. */
  Retracted: 2,
  /** Removed from the log, or still provisional when the window was closed. */
  Gone: 3,
} as const;
type RowState = (typeof RowState)[keyof typeof RowState];

interface LateCount {
  readonly count: number;
  readonly revision: number;
  /** Where the record that says so stands. */
  readonly position: RecordPosition;
}

/**
 * The rows of one metric and window, in columns. A slot, once taken by a group, is the group's for good: rows that
 * disappear leave a mark, so that a reader can be told, and so that scans survive changes made meanwhile.
 *
 * Law: which rows are final at the end is the same for every order of a partition's records, and whatever compaction
 * has left out. Provisionals: the highest revision wins, a final beats them all, a closed window has none.
 */
export class WindowRows {
  /** Groups by slot, as JSON text. */
  readonly groups: string[] = [];
  readonly payloads: string[] = [];
  readonly revisions: number[] = [];
  /** Offset of the record that changed the slot last, and its partition. */
  private readonly offsets: number[] = [];
  private readonly partitions: number[] = [];
  private readonly states: number[] = [];
  private readonly slots = new Map<string, number>();

  private readonly closedBy = new Set<number>();
  /** By source partition. */
  private readonly late = new Map<number, LateCount>();
  /** Highest offset of a change, by partition. */
  private readonly changedAt = new Map<number, number>();
  private sorted: Uint32Array | null = null;

  /** Append time of the newest record about this window. */
  lastAppendMs = -Infinity;
  /** Slots in state provisional or final. */
  visible = 0;
  /** The view has dropped the window: scans under way stop at it. */
  dropped = false;

  constructor(readonly startMs: number) {}

  /** Slots taken, marks included. */
  get size(): number {
    return this.groups.length;
  }

  /** Late rows of the window over all source partitions. */
  get lateRows(): number {
    let sum = 0;
    for (const { count } of this.late.values()) sum += count;
    return sum;
  }

  apply(record: ViewRecord, position: RecordPosition): void {
    this.lastAppendMs = Math.max(this.lastAppendMs, position.appendMs);
    switch (record.kind) {
      case 'row':
        return record.final ? this.putFinal(record, position) : this.putProvisional(record, position);
      case 'row-removed':
        return this.remove(record.group, record.final, position);
      case 'closed':
        return this.close(position);
      case 'late':
        return this.putLate(record, position);
      case 'late-removed':
        return this.removeLate(record.source, position);
    }
  }

  isVisible(slot: number): boolean {
    return this.states[slot]! <= RowState.Final;
  }

  isFinal(slot: number): boolean {
    return this.states[slot] === RowState.Final;
  }

  slotOf(group: string): number | undefined {
    return this.slots.get(group);
  }

  /** Something of the window has changed at or after the cursor (next offset to be told of, by partition). */
  changedSince(cursor: readonly number[]): boolean {
    for (const [partition, offset] of this.changedAt) if (offset >= cursor[partition]!) return true;
    return false;
  }

  /** Late rows are part of every row of the window: when their number changes, every row does. */
  lateChangedSince(cursor: readonly number[]): boolean {
    for (const { position } of this.late.values()) if (position.offset >= cursor[position.partition]!) return true;
    return false;
  }

  slotChangedSince(slot: number, cursor: readonly number[]): boolean {
    return this.offsets[slot]! >= cursor[this.partitions[slot]!]!;
  }

  /** Raises `through` (by partition) to the highest offset that changed this window. */
  raiseTo(through: number[]): void {
    for (const [partition, offset] of this.changedAt) through[partition] = Math.max(through[partition]!, offset);
  }

  /** All slots in the order of their groups. Never changed once handed out. */
  inGroupOrder(): Uint32Array {
    this.sorted ??= Uint32Array.from(this.groups.keys()).sort((a, b) => (this.groups[a]! < this.groups[b]! ? -1 : 1));
    return this.sorted;
  }

  private putFinal(record: RowRecord, position: RecordPosition): void {
    const slot = this.slotFor(record.group);
    if (this.states[slot] === RowState.Final) return;
    this.set(slot, RowState.Final, record.revision, record.payload, position);
  }

  private putProvisional(record: RowRecord, position: RecordPosition): void {
    const known = this.slots.has(record.group);
    const slot = this.slotFor(record.group);
    if (this.states[slot] === RowState.Final) return;
    if (this.closedBy.has(position.partition)) {
      // An owner that woke up too late. A reader elsewhere may hold an earlier record of this key that compaction has
      // taken from us: the mark tells it that the row is gone.
      if (!known) this.set(slot, RowState.Gone, -1, '', position);
      return;
    }
    if (record.revision <= this.revisions[slot]!) return;
    if (record.retracted) this.set(slot, RowState.Retracted, record.revision, '', position);
    else this.set(slot, RowState.Provisional, record.revision, record.payload, position);
  }

  private remove(group: string, final: boolean, position: RecordPosition): void {
    const known = this.slots.has(group);
    const slot = this.slotFor(group);
    if (this.states[slot] === RowState.Final && !final) return;
    // No revision is remembered: what stands behind a tombstone is all that a replica that starts later will see.
    if (!known || this.isVisible(slot)) this.set(slot, RowState.Gone, -1, '', position);
    else this.revisions[slot] = -1;
  }

  private close(position: RecordPosition): void {
    this.closedBy.add(position.partition);
    for (let slot = 0; slot < this.size; slot += 1) {
      if (this.partitions[slot] === position.partition && this.states[slot] === RowState.Provisional) {
        this.set(slot, RowState.Gone, -1, '', position);
      }
    }
  }

  private putLate({ source, count, revision }: LateRecord, position: RecordPosition): void {
    if (revision <= (this.late.get(source)?.revision ?? -1)) return;
    this.late.set(source, { count, revision, position });
    this.markChanged(position);
  }

  private removeLate(source: number, position: RecordPosition): void {
    this.late.set(source, { count: 0, revision: -1, position });
    this.markChanged(position);
  }

  private slotFor(group: string): number {
    const known = this.slots.get(group);
    if (known !== undefined) return known;
    const slot = this.groups.push(group) - 1;
    this.slots.set(group, slot);
    this.payloads.push('');
    this.revisions.push(-1);
    this.offsets.push(-1);
    this.partitions.push(0);
    this.states.push(RowState.Gone);
    this.sorted = null;
    return slot;
  }

  private set(slot: number, state: RowState, revision: number, payload: string, position: RecordPosition): void {
    this.visible += Number(state <= RowState.Final) - Number(this.isVisible(slot));
    this.states[slot] = state;
    this.revisions[slot] = revision;
    this.payloads[slot] = payload;
    this.offsets[slot] = position.offset;
    this.partitions[slot] = position.partition;
    this.markChanged(position);
  }

  private markChanged({ partition, offset }: RecordPosition): void {
    this.changedAt.set(partition, offset);
  }
}
