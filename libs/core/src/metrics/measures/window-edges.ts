import { grownInts } from '../../windowing/grow';
import type { EdgeValues } from './edge-values';

/** Whose value the first or last one of each row of a window is. */
export class WindowEdges {
  private readonly sources: EdgeValues[] = [];
  private owners = new Int32Array(0);

  /** @param edges how many there are in a row */
  constructor(private readonly edges: number) {}

  /** The row's value is an owner's. It must not change before it is looked at. */
  set(row: number, edge: number, source: EdgeValues, owner: number): void {
    const at = row * this.edges + edge;
    this.owners = grownInts(this.owners, at + 1);
    this.sources[at] = source;
    this.owners[at] = owner;
  }

  /** Of a row that has a value. */
  sourceOf(row: number, edge: number): EdgeValues {
    return this.sources[row * this.edges + edge] as EdgeValues;
  }

  ownerOf(row: number, edge: number): number {
    return this.owners[row * this.edges + edge] as number;
  }
}
