import { grownInts } from '../../windowing/grow';
import { IntList } from '../../windowing/int-list';

/** Slices in one mask. */
const CHUNK = 32;

const NONE = -1;
/** A node is its chunk, the place of the next older node, and a mask for each count. */
const CHUNK_AT = 0;
const NEXT_AT = 1;
const MASKS_AT = 2;

/**
 * In which slices each member has been seen, for several counts at once: one bit a slice, 32 slices to a mask, the masks
 * of a member chained from its newest chunk to its oldest. Times may come in any order and lie any distance apart, so
 * chunks exist only where something was seen.
 */
export class Sightings {
  /** Slice of the nearest sighting before and after the one just marked; ±Infinity for none. */
  before = -Infinity;
  after = Infinity;
  private readonly stride: number;
  /** The newest node of each member stands at member * stride: the usual case is one look at one place. */
  private newest = new Int32Array(0);
  private older = new Int32Array(0);
  private olderEnd = 0;
  private readonly freed = new IntList();
  /** Chunks in use get small numbers, so that a node's chunk fits an integer. */
  private readonly chunks = new Map<number, number>();
  private readonly chunkNumbers: number[] = [];
  private readonly chunkNodes: number[] = [];
  private readonly freedChunks: number[] = [];

  constructor(private readonly counts: number) {
    this.stride = MASKS_AT + counts;
  }

  /** Makes room for members below `limit`. */
  reserve(limit: number): void {
    this.newest = grownInts(this.newest, limit * this.stride, NONE);
  }

  /** Has the member any sighting? */
  has(member: number): boolean {
    return this.newest[member * this.stride] !== NONE;
  }

  /**
   * Keeps of the first `length` members those that a quick look does not show as seen in the slice, with what stands
   * beside them; returns how many are left. The quick look is for the usual case that the slice is in the member's newest
   * chunk, and takes no branch, so that the looks at many members are under way at the same time.
   */
  keepUnseen(members: Int32Array, beside: Int32Array, length: number, slice: number, count: number): number {
    const chunkNumber = Math.floor(slice / CHUNK);
    const chunk = this.chunks.get(chunkNumber);
    if (chunk === undefined) return length;
    const shift = slice - chunkNumber * CHUNK;
    const mask = MASKS_AT + count;
    const { newest, stride } = this;
    let kept = 0;
    for (let i = 0; i < length; i++) {
      const member = members[i] as number;
      const node = member * stride;
      const bit = newest[node] === chunk ? ((newest[node + mask] as number) >>> shift) & 1 : 0;
      members[kept] = member;
      beside[kept] = beside[i] as number;
      kept += bit ^ 1;
    }
    return kept;
  }

  /** Marks a member as seen in a slice. False: it was already. Else `before` and `after` tell the nearest sightings. */
  mark(member: number, slice: number, count: number): boolean {
    const chunkNumber = Math.floor(slice / CHUNK);
    const mask = MASKS_AT + count;
    let nodes = this.newest;
    let node = this.begin(member, chunkNumber);
    let after = Infinity;
    while (this.chunkNumberOf(nodes, node) > chunkNumber) {
      const seen = nodes[node + mask] as number;
      if (seen !== 0) after = this.chunkNumberOf(nodes, node) * CHUNK + lowestBit(seen);
      const next = nodes[node + NEXT_AT] as number;
      const place = next !== NONE && this.chunkNumberOf(this.older, next) >= chunkNumber ? next : this.allocate();
      if (place !== next) {
        this.initialize(this.older, place, chunkNumber, next);
        (nodes === this.newest ? nodes : this.older)[node + NEXT_AT] = place;
      }
      nodes = this.older;
      node = place;
    }
    const index = slice - chunkNumber * CHUNK;
    const seen = nodes[node + mask] as number;
    const bit = 1 << index;
    if ((seen & bit) !== 0) return false;
    nodes[node + mask] = seen | bit;

    const higher = index === CHUNK - 1 ? 0 : seen & (-2 << index);
    const lower = seen & (bit - 1);
    const first = chunkNumber * CHUNK;
    this.after = higher !== 0 ? first + lowestBit(higher) : after;
    this.before = lower !== 0 ? first + highestBit(lower) : this.lastBefore(nodes[node + NEXT_AT] as number, mask);
    return true;
  }

  /** Forgets that a member was seen in a slice. */
  clear(member: number, slice: number, count: number): void {
    const chunkNumber = Math.floor(slice / CHUNK);
    const { newest, older } = this;
    const bit = 1 << (slice - chunkNumber * CHUNK);
    const head = member * this.stride;
    if (this.chunkNumberOf(newest, head) === chunkNumber) {
      if (this.clearBit(newest, head, count, bit)) this.removeNewest(head);
      return;
    }
    let before = NONE;
    let node = newest[head + NEXT_AT] as number;
    while (this.chunkNumberOf(older, node) !== chunkNumber) {
      before = node;
      node = older[node + NEXT_AT] as number;
    }
    if (!this.clearBit(older, node, count, bit)) return;
    const next = older[node + NEXT_AT] as number;
    if (before === NONE) newest[head + NEXT_AT] = next;
    else older[before + NEXT_AT] = next;
    this.leaveChunk(older[node + CHUNK_AT] as number);
    this.freed.push(node);
  }

  /** Gives memory back; nothing may be marked any more. */
  reset(): void {
    this.newest = new Int32Array(0);
    this.older = new Int32Array(0);
    this.olderEnd = 0;
    this.freed.clear();
  }

  /** Sees to it that the member's newest node is of the chunk or of a newer one; returns its place. */
  private begin(member: number, chunkNumber: number): number {
    const head = member * this.stride;
    if (this.newest[head + CHUNK_AT] === NONE) this.initialize(this.newest, head, chunkNumber, NONE);
    else if (this.chunkNumberOf(this.newest, head) < chunkNumber) {
      const place = this.allocate();
      this.older.set(this.newest.subarray(head, head + this.stride), place);
      this.initialize(this.newest, head, chunkNumber, place);
    }
    return head;
  }

  private lastBefore(node: number, mask: number): number {
    for (let at = node; at !== NONE; at = this.older[at + NEXT_AT] as number) {
      const seen = this.older[at + mask] as number;
      if (seen !== 0) return this.chunkNumberOf(this.older, at) * CHUNK + highestBit(seen);
    }
    return -Infinity;
  }

  /** Clears a bit; true when nothing is left in the node. */
  private clearBit(nodes: Int32Array, node: number, count: number, bit: number): boolean {
    const at = node + MASKS_AT + count;
    nodes[at] = (nodes[at] as number) & ~bit;
    for (let i = 0; i < this.counts; i++) if (nodes[node + MASKS_AT + i] !== 0) return false;
    return true;
  }

  private removeNewest(head: number): void {
    this.leaveChunk(this.newest[head + CHUNK_AT] as number);
    const next = this.newest[head + NEXT_AT] as number;
    if (next === NONE) this.newest[head + CHUNK_AT] = NONE;
    else {
      this.newest.set(this.older.subarray(next, next + this.stride), head);
      this.freed.push(next);
    }
  }

  private chunkNumberOf(nodes: Int32Array, node: number): number {
    return this.chunkNumbers[nodes[node + CHUNK_AT] as number] as number;
  }

  private allocate(): number {
    if (this.freed.length > 0) return this.freed.at(--this.freed.length);
    const place = this.olderEnd;
    this.olderEnd += this.stride;
    this.older = grownInts(this.older, this.olderEnd);
    return place;
  }

  private initialize(nodes: Int32Array, node: number, chunkNumber: number, next: number): void {
    nodes[node + CHUNK_AT] = this.useChunk(chunkNumber);
    nodes[node + NEXT_AT] = next;
    for (let i = 0; i < this.counts; i++) nodes[node + MASKS_AT + i] = 0;
  }

  private useChunk(chunkNumber: number): number {
    let chunk = this.chunks.get(chunkNumber);
    if (chunk === undefined) {
      chunk = this.freedChunks.pop() ?? this.chunkNumbers.length;
      this.chunks.set(chunkNumber, chunk);
      this.chunkNumbers[chunk] = chunkNumber;
      this.chunkNodes[chunk] = 0;
    }
    this.chunkNodes[chunk] = (this.chunkNodes[chunk] as number) + 1;
    return chunk;
  }

  private leaveChunk(chunk: number): void {
    const left = (this.chunkNodes[chunk] as number) - 1;
    this.chunkNodes[chunk] = left;
    if (left > 0) return;
    this.chunks.delete(this.chunkNumbers[chunk] as number);
    this.freedChunks.push(chunk);
  }
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

function highestBit(mask: number): number {
  return 31 - Math.clz32(mask);
}
