import type { StreamSchema } from '../../stream/schema';
import type { BatchView } from '../slices/batch-view';
import type { KeySpace } from './key-space';
import { FieldKeySpace, PairKeySpace, UnitKeySpace } from './key-space';

/** The key spaces of one partition, shared by its metrics: a user id is looked up once a row, whoever needs it. */
export class KeySpaces {
  private readonly fields = new Map<string, FieldKeySpace>();
  private readonly groups = new Map<string, KeySpace>();
  /** Pairs before what they are made of. */
  private readonly sweepOrder: KeySpace[] = [];

  constructor(private readonly schema: StreamSchema) {}

  /** @throws RangeError for a field that the schema does not have */
  field(name: string): FieldKeySpace {
    let space = this.fields.get(name);
    if (!space) {
      const field = this.schema.fields.find((candidate) => candidate.name === name);
      if (!field) throw new RangeError(`field ${name} is not declared in stream ${this.schema.stream}`);
      space = new FieldKeySpace(field, name === this.schema.key[0]);
      this.fields.set(name, space);
      this.sweepOrder.push(space);
    }
    return space;
  }

  group(names: readonly string[]): KeySpace {
    const key = JSON.stringify(names);
    let space = this.groups.get(key);
    if (!space) {
      space = this.create(names);
      this.groups.set(key, space);
    }
    return space;
  }

  begin(view: BatchView): void {
    for (const space of this.sweepOrder) space.begin(view);
  }

  sweep(): void {
    for (const space of this.sweepOrder) space.sweep();
  }

  /** Values alive, over all spaces. */
  get size(): number {
    return this.sweepOrder.reduce((sum, space) => sum + space.size, 0);
  }

  private create(names: readonly string[]): KeySpace {
    const last = names.at(-1);
    if (last === undefined) {
      const unit = new UnitKeySpace();
      this.sweepOrder.push(unit);
      return unit;
    }
    if (names.length === 1) return this.field(last);
    const pair = new PairKeySpace(this.group(names.slice(0, -1)), this.field(last));
    this.sweepOrder.unshift(pair);
    return pair;
  }
}
