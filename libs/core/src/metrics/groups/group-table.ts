import { grownInts } from '../../windowing/grow';
import { IntList } from '../../windowing/int-list';
import type { KeySpace } from './key-space';

const NONE = -1;

/**
 * Slots for the groups of one metric that some open slice holds: small numbers to index running values by, handed out
 * again when the last slice with the group is gone.
 */
export class GroupTable {
  /** Slots below this have been handed out at some time. */
  limit = 0;
  /** Groups alive. */
  size = 0;
  private slotOfKey = new Int32Array(0);
  private keys = new Int32Array(0);
  /** How many slices hold the group. */
  private refs = new Int32Array(0);
  private readonly freed = new IntList();

  constructor(private readonly space: KeySpace) {}

  /** Slot of a group for one more slice. */
  acquire(key: number): number {
    this.slotOfKey = grownInts(this.slotOfKey, key + 1, NONE);
    let slot = this.slotOfKey[key] as number;
    if (slot === NONE) {
      slot = this.freed.length > 0 ? this.freed.at(--this.freed.length) : this.limit++;
      this.keys = grownInts(this.keys, this.limit);
      this.refs = grownInts(this.refs, this.limit);
      this.keys[slot] = key;
      this.refs[slot] = 0;
      this.slotOfKey[key] = slot;
      this.space.retain(key);
      this.size++;
    }
    this.refs[slot] = (this.refs[slot] as number) + 1;
    return slot;
  }

  /** One slice less holds the group. */
  release(slot: number): void {
    const left = (this.refs[slot] as number) - 1;
    this.refs[slot] = left;
    if (left > 0) return;
    const key = this.key(slot);
    this.slotOfKey[key] = NONE;
    this.space.release(key);
    this.size--;
    this.freed.push(slot);
    if (this.size === 0) this.reset();
  }

  /** Slot of a group, -1 where no slice holds it. */
  find(key: number): number {
    return this.slotOfKey[key] ?? NONE;
  }

  /** Group id of a slot that is in use. */
  key(slot: number): number {
    return this.keys[slot] as number;
  }

  private reset(): void {
    this.limit = 0;
    this.slotOfKey = new Int32Array(0);
    this.keys = new Int32Array(0);
    this.refs = new Int32Array(0);
    this.freed.clear();
  }
}
