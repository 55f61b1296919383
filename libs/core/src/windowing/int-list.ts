import { grownInts } from './grow';

/** A growing list of integers. */
export class IntList {
  items = new Int32Array(0);
  length = 0;

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
