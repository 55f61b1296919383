import { grownInts } from './grow';

/** A growing list of integers. */
export class IntList {
  items: Int32Array<ArrayBuffer>;
  length = 0;

  /** @param expected how many items to make room for */
  constructor(expected = 0) {
    this.items = new Int32Array(expected);
  }

  push(item: number): void {
    if (this.length === this.items.length) this.items = grownInts(this.items, this.length + 1);
    this.items[this.length++] = item;
  }

  at(index: number): number {
    return this.items[index] as number;
  }

  clear(): void {
    this.length = 0;
  }
}
