import type { TextBytes } from '@tillstream/contracts';
import { groupOrder } from './group-order';
import { GroupSlots } from './group-slots';
import { grown } from './grown';
import { Payloads } from './payloads';
import { bytesOf } from './text-arena';
import type { PackedRow, RecordPosition, ViewRecord } from './view-record';

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

/** What a row says, whichever form it came in. */
type Row = Pick<PackedRow, 'group' | 'revision' | 'payload'>;

const FIRST_SLOTS = 16;
const NO_TEXT = bytesOf('');

/**
 * The rows of one metric and window, in columns. A slot, once taken by a group, is the group's for good: rows that
 * disappear leave a mark, so that a reader can be told, and so that scans survive changes made meanwhile.
 *
 * Law: which rows are final at the end is the same for every order of a partition's records, and whatever compaction
 * has left out. Provisionals: the highest revision wins, a final beats them all, a closed window has none.
 */
export class WindowRows {
  private readonly groups = new GroupSlots();
  private readonly payloads = new Payloads();
  private revisions = new Float64Array(FIRST_SLOTS);
  /** Offset of the record that changed the slot last, and its partition. */
  private offsets = new Float64Array(FIRST_SLOTS);
  private partitions = new Int32Array(FIRST_SLOTS);
  private states = new Uint8Array(FIRST_SLOTS);
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
    return this.groups.size;
  }

  /** The slot's group, as JSON text. */
  group(slot: number): string {
    return this.groups.text(slot);
  }

  payload(slot: number): string {
    return this.payloads.text(slot);
  }

  revision(slot: number): number {
    return this.revisions[slot]!;
  }

  /** Of group and payload, as UTF-8. */
  textBytes(slot: number): number {
    return this.groups.length(slot) + this.payloads.length(slot);
  }

  /** Late rows of the window over all source partitions. */
  get lateRows(): number {
    let sum = 0;
    for (const { count } of this.late.values()) sum += count;
    return sum;
  }

  /** The same by source partition. */
  get lateBySource(): ReadonlyMap<number, number> {
    return new Map([...this.late].map(([source, { count }]) => [source, count]));
  }

  apply(record: ViewRecord | PackedRow, position: RecordPosition): void {
    this.lastAppendMs = Math.max(this.lastAppendMs, position.appendMs);
    switch (record.kind) {
      case 'packed-row':
        return record.final ? this.putFinal(record, position) : this.putProvisional(record, false, position);
      case 'row': {
        const row = { ...record, group: bytesOf(record.group), payload: bytesOf(record.payload) };
        return record.final ? this.putFinal(row, position) : this.putProvisional(row, record.retracted, position);
      }
      case 'row-removed':
        return this.remove(bytesOf(record.group), record.final, position);
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
    return this.groups.find(bytesOf(group));
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
    if (this.sorted?.length === this.size) return this.sorted;
    const groups = Array.from({ length: this.size }, (_, slot) => this.group(slot));
    const compare = groupOrder(groups);
    this.sorted = Uint32Array.from(groups.keys()).sort((a, b) => compare(groups[a]!, groups[b]!));
    return this.sorted;
  }

  private putFinal({ group, revision, payload }: Row, position: RecordPosition): void {
    const slot = this.slotFor(group);
    if (this.states[slot] === RowState.Final) return;
    this.set(slot, RowState.Final, revision, payload, position);
  }

  private putProvisional({ group, revision, payload }: Row, retracted: boolean, position: RecordPosition): void {
    const before = this.size;
    const slot = this.slotFor(group);
    if (this.states[slot] === RowState.Final) return;
    if (this.closedBy.has(position.partition)) {
      // An owner that woke up too late. A reader elsewhere may hold an earlier record of this key that compaction has
      // taken from us: the mark tells it that the row is gone.
      if (slot === before) this.set(slot, RowState.Gone, -1, NO_TEXT, position);
      return;
    }
    if (revision <= this.revisions[slot]!) return;
    if (retracted) this.set(slot, RowState.Retracted, revision, NO_TEXT, position);
    else this.set(slot, RowState.Provisional, revision, payload, position);
  }

  private remove(group: TextBytes, final: boolean, position: RecordPosition): void {
    const before = this.size;
    const slot = this.slotFor(group);
    if (this.states[slot] === RowState.Final && !final) return;
    // No revision is remembered: what stands behind a tombstone is all that a replica that starts later will see.
    if (slot === before || this.isVisible(slot)) this.set(slot, RowState.Gone, -1, NO_TEXT, position);
    else this.revisions[slot] = -1;
  }

  private close(position: RecordPosition): void {
    this.closedBy.add(position.partition);
    for (let slot = 0; slot < this.size; slot += 1) {
      if (this.partitions[slot] === position.partition && this.states[slot] === RowState.Provisional) {
        this.set(slot, RowState.Gone, -1, NO_TEXT, position);
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

  private slotFor(group: TextBytes): number {
    const before = this.size;
    const slot = this.groups.findOrAdd(group);
    if (slot === before) this.addSlot(slot);
    return slot;
  }

  private addSlot(slot: number): void {
    this.revisions = grown(this.revisions, slot + 1);
    this.offsets = grown(this.offsets, slot + 1);
    this.partitions = grown(this.partitions, slot + 1);
    this.states = grown(this.states, slot + 1);
    this.revisions[slot] = -1;
    this.offsets[slot] = -1;
    this.states[slot] = RowState.Gone;
  }

  private set(slot: number, state: RowState, revision: number, payload: TextBytes, position: RecordPosition): void {
    this.visible += Number(state <= RowState.Final) - Number(this.isVisible(slot));
    this.states[slot] = state;
    this.revisions[slot] = revision;
    this.payloads.set(slot, payload);
    this.offsets[slot] = position.offset;
    this.partitions[slot] = position.partition;
    this.markChanged(position);
  }

  private markChanged({ partition, offset }: RecordPosition): void {
    this.changedAt.set(partition, offset);
  }
}
