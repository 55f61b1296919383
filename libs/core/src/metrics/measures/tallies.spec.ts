import fc from 'fast-check';

import { ByteReader } from '../checkpoint/byte-reader';
import { ByteWriter } from '../checkpoint/byte-writer';
import { Tallies, type SortedTally, type TallyKind } from './tallies';

const kinds: readonly TallyKind[] = [
  { merge: 'add', maxKey: 50, maxValue: Number.MAX_SAFE_INTEGER },
  { merge: 'max', maxKey: 50, maxValue: 60 },
];
const additions = fc.array(
  fc.record({ owner: fc.nat(4), key: fc.integer({ min: -50, max: 50 }), value: fc.integer({ min: 1, max: 60 }) }),
  { maxLength: 200 },
);
const owners = [0, 1, 2, 3, 4, 5];

type Plain = Map<number, Map<number, number>>;

function plainly(kind: TallyKind, all: readonly { owner: number; key: number; value: number }[]): Plain {
  const owned: Plain = new Map(owners.map((owner) => [owner, new Map<number, number>()]));
  for (const { owner, key, value } of all) {
    const pairs = owned.get(owner) as Map<number, number>;
    const before = pairs.get(key) ?? 0;
    pairs.set(key, kind.merge === 'add' ? before + value : Math.max(before, value));
  }
  return owned;
}

function pairsOf(tallies: Tallies, owner: number): [number, number][] {
  const into: SortedTally = { count: 0, keys: new Int32Array(0), values: new Float64Array(0) };
  const { keys, values, count } = tallies.sorted(owner, into);
  return Array.from({ length: count }, (_, i) => [keys[i] as number, values[i] as number]);
}

const sorted = (pairs: ReadonlyMap<number, number> | undefined) => [...(pairs ?? [])].sort(([a], [b]) => a - b);

function written(tallies: Tallies, owner: number): Uint8Array {
  const writer = new ByteWriter();
  tallies.write(owner, writer);
  return writer.toBytes();
}

describe.each(kinds)('tallies that $merge', (kind) => {
  const filled = (all: readonly { owner: number; key: number; value: number }[]): Tallies => {
    const tallies = new Tallies(kind);
    for (const { owner, key, value } of all) tallies.merge(owner, key, value);
    return tallies;
  };

  it('keep what each owner has by key', () => {
    fc.assert(
      fc.property(additions, (all) => {
        const plain = plainly(kind, all);
        const tallies = filled(all);
        for (const owner of owners) expect(pairsOf(tallies, owner)).toEqual(sorted(plain.get(owner)));
      }),
    );
  });

  it('replace an owner by what was written of another', () => {
    fc.assert(
      fc.property(additions, additions, (mine, others) => {
        const target = filled(mine);
        const bytes = written(filled(others), 1);
        const reader = new ByteReader(bytes);
        target.read(2, reader);
        reader.finish();
        const plain = plainly(kind, mine).set(2, plainly(kind, others).get(1) ?? new Map<number, number>());
        for (const owner of owners) expect(pairsOf(target, owner)).toEqual(sorted(plain.get(owner)));
        expect(written(target, 2)).toEqual(bytes);
      }),
    );
  });

  it('are the same merged as added one by one', () => {
    fc.assert(
      fc.property(additions, additions, (first, second) => {
        const target = filled(first);
        const source = filled(second);
        for (const owner of owners) source.mergeInto(owner, target, owner);
        const plain = plainly(kind, [...first, ...second]);
        for (const owner of owners) expect(pairsOf(target, owner)).toEqual(sorted(plain.get(owner)));
      }),
    );
  });

  it.each([
    ['a key beyond the last one', [1, 101, 1]],
    ['the same key twice', [2, 7, 1, 0, 1]],
    ['a value of nothing', [1, 7, 0]],
    ['pairs that are missing', [2, 7, 1]],
  ])('refuse %s', (_, bytes) => {
    expect(() => new Tallies(kind).read(0, new ByteReader(Uint8Array.from(bytes)))).toThrow(RangeError);
  });
});
