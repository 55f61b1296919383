import { decodeText } from '../batch/column-access';
import { ByteWriter } from '../metrics/checkpoint/byte-writer';
import { KeyInterner } from '../metrics/groups/key-interner';
import { grownBytes } from '../windowing/grow';
import { IntList } from '../windowing/int-list';
import { StateArena } from './state-arena';
import type { TextTable } from './text-table';
import { UserCodec } from './user-codec';
import { DUE_AT, FORM_AT, ONE, OPEN_AT, THROUGH_AT, readHead } from './user-state';
import { UserVisits } from './user-visits';
import type { SessionBounds } from './visitor';

/** What is known of a user, for a checkpoint: one field of a hash. */
export interface FieldPut {
  /** The event key's text. */
  readonly field: Uint8Array;
  readonly bytes: Uint8Array;
}

/** What has changed since the last checkpoint. */
export interface FieldChanges {
  /** To be written before the checkpoint's position moves. */
  readonly puts: readonly FieldPut[];
  /** To be removed when it has moved. */
  readonly drops: readonly Uint8Array[];
}

/** What a user usually takes in a checkpoint, and a bit. */
const USUAL_BYTES = 384;

const AWAKE = 1;
const CHANGED = 2;
/** The checkpoint has a field of the user. */
const SAVED = 4;

/**
 * What is known of all users. They are asleep, as the bytes that stand in the checkpoint too, until something has to be
 * done with them that those do not allow; and then awake until the next checkpoint.
 */
export class UserStates {
  readonly keys = new KeyInterner();
  readonly arena = new StateArena();
  /** Sessions that are open. */
  openCount = 0;
  /** Users to be saved. */
  changedCount = 0;
  private readonly codec: UserCodec;
  private readonly scratch = new ByteWriter();
  private readonly awake = new Map<number, UserVisits>();
  /** By user: AWAKE, CHANGED, SAVED. */
  private flags = new Uint8Array(0);
  /** Those who are CHANGED, and others. */
  private readonly changed = new IntList();
  /** Users of whom rows are counted beyond the position of the checkpoint: up to where. */
  private readonly aheadTo = new Map<number, number>();
  /** Users who were forgotten, and whose field is to be removed. Their ids stay their own until then. */
  private readonly dropped = new Set<number>();

  constructor(
    texts: TextTable,
    private readonly bounds: SessionBounds,
  ) {
    this.codec = new UserCodec(texts);
  }

  /** Users of whom something is known. */
  get count(): number {
    let count = this.arena.count;
    for (const user of this.awake.keys()) if (!this.arena.has(user)) count++;
    return count;
  }

  /** Is there anybody who refers to texts by their ids? */
  get areAllAsleep(): boolean {
    return this.awake.size === 0;
  }

  /** To be called when the table of texts has been cleared. */
  forgetTexts(): void {
    this.codec.forgetTexts();
  }

  /** To be called when users have got ids. */
  reserve(): void {
    this.flags = grownBytes(this.flags, this.keys.limit);
    this.arena.reserve(this.keys.limit);
  }

  isAwake(user: number): boolean {
    return ((this.flags[user] as number) & AWAKE) !== 0;
  }

  /** Are the rows of a record counted in what is known of a user, because the store was interrupted while it wrote? */
  isCounted(user: number, rawOffset: number): boolean {
    return this.aheadTo.size > 0 && rawOffset < (this.aheadTo.get(user) ?? -Infinity);
  }

  /** Null: nothing is known of the user. */
  wake(user: number): UserVisits | null {
    const awake = this.isAwake(user) ? this.awake.get(user) : undefined;
    if (awake) return awake;
    if (!this.arena.has(user)) return null;
    const visits = this.read(user);
    this.setAwake(user, visits);
    return visits;
  }

  /** What is known of a user who is asleep, and stays so: what is changed in it is lost unless `sleep` is called. */
  read(user: number): UserVisits {
    const { bytes, view } = this.arena.page(user);
    const at = this.arena.offset(user);
    const visits = new UserVisits(this.codec.read(bytes, at, at + this.arena.length(user)));
    visits.open = view.getUint32(at + OPEN_AT, true);
    return visits;
  }

  /** Writes down what was read of a user who is asleep. */
  sleep(user: number, visits: UserVisits): void {
    const open = visits.openCount(this.bounds);
    this.openCount += open - visits.open;
    visits.open = open;
    this.scratch.clear();
    const head = { dueMs: visits.dueMs(this.bounds), through: 0, openCount: open };
    this.codec.write(visits.visitors, head, this.scratch);
    this.arena.set(user, this.scratch.viewFrom(0));
  }

  /** Begins to know a user who is awake. */
  admit(user: number): UserVisits {
    const visits = new UserVisits([]);
    this.keys.retain(user);
    this.setAwake(user, visits);
    return visits;
  }

  /** Begins to know a user who is asleep, and has one session: the arena has it already. */
  admitAsleep(user: number): void {
    this.keys.retain(user);
    this.openCount++;
  }

  /** To be called when anything of a user has changed. */
  noteChange(user: number): void {
    const flags = this.flags[user] as number;
    if ((flags & AWAKE) !== 0) {
      const visits = this.awake.get(user) as UserVisits;
      const open = visits.openCount(this.bounds);
      this.openCount += open - visits.open;
      visits.open = open;
    }
    if ((flags & CHANGED) !== 0) return;
    this.flags[user] = flags | CHANGED;
    this.changed.push(user);
    this.changedCount++;
  }

  /** The watermark from which on there is something to do; Infinity: nothing is known of the user. */
  dueMs(user: number): number {
    if (this.isAwake(user)) return (this.awake.get(user) as UserVisits).dueMs(this.bounds);
    const { arena } = this;
    return arena.has(user) ? arena.page(user).view.getFloat64(arena.offset(user) + DUE_AT, true) : Infinity;
  }

  /** Is a user asleep who has nothing but one closed session? */
  isResting(user: number): boolean {
    if (this.isAwake(user)) return false;
    const { bytes, view } = this.arena.page(user);
    const at = this.arena.offset(user);
    return bytes[at + FORM_AT] === ONE && view.getUint32(at + OPEN_AT, true) === 0;
  }

  /** Forgets a user who has no open session. */
  forget(user: number): void {
    const flags = this.flags[user] as number;
    if ((flags & AWAKE) !== 0) this.awake.delete(user);
    this.aheadTo.delete(user);
    if (this.arena.has(user)) this.arena.drop(user);
    if ((flags & CHANGED) !== 0) this.changedCount--;
    this.flags[user] = 0;
    if ((flags & SAVED) !== 0) this.dropped.add(user);
    else this.keys.release(user);
  }

  /** What has changed since the last call, for a checkpoint at `next`. All users go to sleep. */
  takeChanges(next: number): FieldChanges {
    // Not used again: what is told are views of it.
    const writer = new ByteWriter(USUAL_BYTES * this.changedCount);
    const ends = new IntList(2 * this.changedCount);
    for (let i = 0; i < this.changed.length; i++) {
      const user = this.changed.at(i);
      if (((this.flags[user] as number) & CHANGED) === 0) continue; // it was forgotten, or is there already
      this.keys.write(user, writer);
      ends.push(writer.length);
      this.save(user, Math.max(next, this.aheadTo.get(user) ?? 0), writer);
      ends.push(writer.length);
    }
    this.changed.clear();
    this.changedCount = 0;
    for (const user of this.awake.keys()) this.flags[user] = (this.flags[user] as number) & ~AWAKE;
    this.awake.clear();
    for (const [user, through] of this.aheadTo) if (through <= next) this.aheadTo.delete(user);
    return { puts: putsIn(writer.viewFrom(0), ends), drops: this.takeDrops() };
  }

  /** @throws RangeError for what is no state of a user, or was written by a later version */
  restore(field: Uint8Array, bytes: Uint8Array, next: number): number {
    const user = this.keys.intern(field, 0, field.length);
    this.reserve();
    this.keys.retain(user);
    this.arena.set(user, bytes);
    const at = this.arena.offset(user);
    const { through, openCount } = readHead(this.arena.page(user).view, at, at + bytes.length);
    this.openCount += openCount;
    this.flags[user] = SAVED;
    if (through > next) {
      this.aheadTo.set(user, through);
      // The store may be rolled back behind what its commit has left there; its position would not show that.
      this.noteChange(user);
    }
    return user;
  }

  keyText(user: number): string {
    return decodeText(this.keys.bytesOf(user), 0, this.keys.length(user));
  }

  /** Writes the state of a user, which stands in the arena behind it. */
  private save(user: number, through: number, writer: ByteWriter): void {
    const { arena } = this;
    const visits = this.isAwake(user) ? this.awake.get(user) : undefined;
    this.flags[user] = SAVED;
    if (visits) {
      const start = writer.length;
      const head = { dueMs: visits.dueMs(this.bounds), through, openCount: visits.open };
      this.codec.write(visits.visitors, head, writer);
      arena.set(user, writer.viewFrom(start));
    } else {
      const { bytes, view } = arena.page(user);
      const at = arena.offset(user);
      view.setFloat64(at + THROUGH_AT, through, true);
      writer.raw(bytes, at, at + arena.length(user));
    }
  }

  private setAwake(user: number, visits: UserVisits): void {
    this.awake.set(user, visits);
    this.flags[user] = (this.flags[user] as number) | AWAKE;
  }

  private takeDrops(): Uint8Array[] {
    const drops: Uint8Array[] = [];
    for (const user of this.dropped) {
      if (!this.arena.has(user)) drops.push(this.keys.bytesOf(user).slice(0, this.keys.length(user)));
      this.keys.release(user);
    }
    this.dropped.clear();
    return drops;
  }
}

/** Pairs of a field and what it holds, one behind the other, each up to its end. */
function putsIn(bytes: Uint8Array, ends: IntList): FieldPut[] {
  const puts: FieldPut[] = [];
  let start = 0;
  for (let i = 0; i < ends.length; i += 2) {
    const middle = ends.at(i);
    const end = ends.at(i + 1);
    puts.push({ field: bytes.subarray(start, middle), bytes: bytes.subarray(middle, end) });
    start = end;
  }
  return puts;
}
