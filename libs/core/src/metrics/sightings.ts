import { grownInts } from '../windowing/grow';
import { IntList } from '../windowing/int-list';

/** Slices in one mask. */
export const CHUNK = 32;

const NONE = -1;
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
  /** First node of each member. A node is its chunk, the next node and a mask for each count. */
  private heads = new Int32Array(0);
  private nodes = new Int32Array(0);
  private nodesEnd = 0;
  private readonly freedNodes = new IntList();
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
    this.heads = grownInts(this.heads, limit, NONE);
  }

  /** Has the member any sighting? */
  has(member: number): boolean {
    return (this.heads[member] as number) !== NONE;
  }

  /** The small number of a slice's chunk, -1 while nothing was seen in it. */
  chunkOf(slice: number): number {
    return this.chunks.get(Math.floor(slice / CHUNK)) ?? NONE;
  }

  /** Quick look, for the usual case that the chunk (see `chunkOf`) is the member's newest: was it seen in the slice? */
  knows(member: number, chunk: number, bit: number, count: number): boolean {
    const node = this.heads[member] as number;
    const { nodes } = this;
    return node !== NONE && nodes[node] === chunk && ((nodes[node + MASKS_AT + count] as number) & bit) !== 0;
  }

  /** Marks a member as seen in a slice. False: it was already. Else `before` and `after` tell the nearest sightings. */
  mark(member: number, slice: number, count: number): boolean {
    const chunkNumber = Math.floor(slice / CHUNK);
    const first = chunkNumber * CHUNK;
    const mask = MASKS_AT + count;
    let after = Infinity;
    let newer = NONE;
    let node = this.heads[member] as number;
    while (node !== NONE && this.chunkNumberOf(node) > chunkNumber) {
      const seen = this.nodes[node + mask] as number;
      if (seen !== 0) after = this.chunkNumberOf(node) * CHUNK + lowestBit(seen);
      newer = node;
      node = this.nodes[node + NEXT_AT] as number;
    }
    if (node === NONE || this.chunkNumberOf(node) !== chunkNumber)
      node = this.addNode(member, chunkNumber, newer, node);

    const index = slice - first;
    const seen = this.nodes[node + mask] as number;
    const bit = 1 << index;
    if ((seen & bit) !== 0) return false;
    this.nodes[node + mask] = seen | bit;

    const higher = index === CHUNK - 1 ? 0 : seen & (-2 << index);
    const lower = seen & (bit - 1);
    this.after = higher !== 0 ? first + lowestBit(higher) : after;
    this.before = lower !== 0 ? first + highestBit(lower) : this.newestBefore(node, mask);
    return true;
  }

  /** Forgets that a member was seen in a slice, which is older than all others it was seen in. */
  clear(member: number, slice: number, count: number): void {
    const chunkNumber = Math.floor(slice / CHUNK);
    let newer = NONE;
    let node = this.heads[member] as number;
    while (this.chunkNumberOf(node) !== chunkNumber) {
      newer = node;
      node = this.nodes[node + NEXT_AT] as number;
    }
    const at = node + MASKS_AT + count;
    this.nodes[at] = (this.nodes[at] as number) & ~(1 << (slice - chunkNumber * CHUNK));
    for (let i = 0; i < this.counts; i++) if (this.nodes[node + MASKS_AT + i] !== 0) return;
    this.removeNode(member, newer, node);
  }

  /** Gives memory back; nothing may be marked any more. */
  reset(): void {
    this.heads = new Int32Array(0);
    this.nodes = new Int32Array(0);
    this.nodesEnd = 0;
    this.freedNodes.clear();
  }

  private newestBefore(node: number, mask: number): number {
    for (
      let older = this.nodes[node + NEXT_AT] as number;
      older !== NONE;
      older = this.nodes[older + NEXT_AT] as number
    ) {
      const seen = this.nodes[older + mask] as number;
      if (seen !== 0) return this.chunkNumberOf(older) * CHUNK + highestBit(seen);
    }
    return -Infinity;
  }

  private chunkNumberOf(node: number): number {
    return this.chunkNumbers[this.nodes[node + CHUNK_AT] as number] as number;
  }

  private addNode(member: number, chunkNumber: number, newer: number, older: number): number {
    let node: number;
    if (this.freedNodes.length > 0) node = this.freedNodes.at(--this.freedNodes.length);
    else {
      node = this.nodesEnd;
      this.nodesEnd += this.stride;
      this.nodes = grownInts(this.nodes, this.nodesEnd);
    }
    this.nodes.fill(0, node, node + this.stride);
    this.nodes[node + CHUNK_AT] = this.useChunk(chunkNumber);
    this.nodes[node + NEXT_AT] = older;
    if (newer === NONE) this.heads[member] = node;
    else this.nodes[newer + NEXT_AT] = node;
    return node;
  }

  private removeNode(member: number, newer: number, node: number): void {
    const next = this.nodes[node + NEXT_AT] as number;
    if (newer === NONE) this.heads[member] = next;
    else this.nodes[newer + NEXT_AT] = next;
    this.freedNodes.push(node);
    const chunk = this.nodes[node + CHUNK_AT] as number;
    const left = (this.chunkNodes[chunk] as number) - 1;
    this.chunkNodes[chunk] = left;
    if (left > 0) return;
    this.chunks.delete(this.chunkNumbers[chunk] as number);
    this.freedChunks.push(chunk);
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
}

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

function highestBit(mask: number): number {
  return 31 - Math.clz32(mask);
}
