import { grownInts } from '../../windowing/grow';
import type { SketchPart } from '../plan/metric-plan';
import { SKETCH_KINDS } from '../plan/metric-plan';
import type { SortedTally } from './tallies';
import { Tallies } from './tallies';

const NONE = -1;

/**
 * Where the sketches of the rows of a window come from: chains of sources, each of one owner in one slice. They are put together
 * when somebody looks at them, and most groups are filtered out before.
 */
export class WindowSketches {
  /** Newest source by row and sketch. */
  private heads = new Int32Array(0);
  private readonly tallies: Tallies[] = [];
  private owners = new Int32Array(0);
  private next = new Int32Array(0);
  private sources = 0;
  private readonly sortedTally: SortedTally = { count: 0, keys: new Int32Array(0), values: new Float64Array(0) };

  constructor(private readonly parts: readonly SketchPart[]) {}

  clear(): void {
    this.heads.fill(NONE);
    this.sources = 0;
  }

  /** Adds what an owner has to a row's sketch. It must not change before the sketch is looked at. */
  add(row: number, sketch: number, tallies: Tallies, owner: number): void {
    const at = row * this.parts.length + sketch;
    this.heads = grownInts(this.heads, at + 1, NONE);
    const source = this.sources++;
    this.owners = grownInts(this.owners, this.sources);
    this.next = grownInts(this.next, this.sources);
    this.tallies[source] = tallies;
    this.owners[source] = owner;
    this.next[source] = this.heads[at] as number;
    this.heads[at] = source;
  }

  /** Replaces a row's sketch by what owner 0 has. */
  set(row: number, sketch: number, tallies: Tallies): void {
    const source = this.headOf(row, sketch);
    if (source === NONE) this.add(row, sketch, tallies, 0);
    else this.tallies[source] = tallies;
  }

  /** Adds the sketch of a row of others, which has one source at most. */
  copy(row: number, from: WindowSketches, fromRow: number, sketch: number): void {
    const source = from.headOf(fromRow, sketch);
    if (source !== NONE) this.add(row, sketch, from.tallies[source] as Tallies, from.owners[source] as number);
  }

  /** A row's sketch, as that of owner 0. */
  merged(row: number, sketch: number): Tallies {
    const merged = new Tallies(SKETCH_KINDS[(this.parts[sketch] as SketchPart).of]);
    for (let source = this.headOf(row, sketch); source !== NONE; source = this.next[source] as number) {
      (this.tallies[source] as Tallies).mergeInto(this.owners[source] as number, merged, 0);
    }
    return merged;
  }

  /** Pairs of a row's sketch, valid until the next call. */
  sorted(row: number, sketch: number): SortedTally {
    const source = this.headOf(row, sketch);
    const isAlone = source !== NONE && this.next[source] === NONE;
    const tallies = isAlone ? (this.tallies[source] as Tallies) : this.merged(row, sketch);
    return tallies.sorted(isAlone ? (this.owners[source] as number) : 0, this.sortedTally);
  }

  private headOf(row: number, sketch: number): number {
    return this.heads[row * this.parts.length + sketch] ?? NONE;
  }
}
