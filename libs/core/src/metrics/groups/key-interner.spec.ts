import * as fc from 'fast-check';
import { KeyInterner } from './key-interner';

const encoder = new TextEncoder();
const keys = fc.oneof(
  fc.nat(30).map((n) => `user_${n}`),
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.constantFrom('', 'a', 'ab', 'abc', 'abcd', 'abcde', 'abcd\0', 'abc\0'),
);
const actions = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('intern' as const), keys: fc.array(keys, { maxLength: 20 }) }),
    fc.record({ kind: fc.constant('release' as const), at: fc.nat() }),
    fc.record({ kind: fc.constant('sweep' as const) }),
  ),
  { maxLength: 40 },
);

describe('KeyInterner', () => {
  it('gives equal bytes one id, others another, and forgets exactly what nothing refers to', () => {
    fc.assert(
      fc.property(actions, (life) => {
        const interner = new KeyInterner();
        const held = new Map<string, { id: number; refs: number }>();
        for (const action of life) {
          if (action.kind === 'intern') {
            const ids = internAll(interner, action.keys);
            action.keys.forEach((key, i) => {
              const id = ids[i] as number;
              const known = held.get(key);
              if (known) expect(id).toBe(known.id);
              held.set(key, { id, refs: (known?.refs ?? 0) + 1 });
              interner.retain(id);
            });
            expect(new Set([...held.values()].map(({ id }) => id)).size).toBe(held.size);
          } else if (action.kind === 'release') {
            const chosen = [...held][action.at % Math.max(1, held.size)];
            if (!chosen) continue;
            interner.release(chosen[1].id);
            if (--chosen[1].refs === 0) {
              interner.sweep();
              held.delete(chosen[0]);
            }
          } else {
            internAll(interner, ['nobody', 'keeps', 'these']);
            interner.sweep();
          }
          for (const [key, { id }] of held) {
            const bytes = interner.bytesOf(id).subarray(0, interner.length(id));
            expect(new TextDecoder().decode(bytes)).toBe(key);
          }
        }
        interner.sweep();
        expect(interner.size).toBe(held.size);
      }),
      { numRuns: 300 },
    );
  });

  it('compares strings byte by byte', () => {
    fc.assert(
      fc.property(keys, keys, (first, second) => {
        const interner = new KeyInterner();
        const [a = 0, b = 0] = internAll(interner, [first, second]);
        const [left, right] = [first, second].map((key) => Buffer.from(key)) as [Buffer, Buffer];
        expect(Math.sign(interner.compare(a, b))).toBe(Buffer.compare(left, right));
      }),
      { numRuns: 1000 },
    );
  });

  it('stays as small as what is alive, however many keys come and go', () => {
    const interner = new KeyInterner();
    const alive: { readonly key: string; readonly id: number }[] = [];
    for (let n = 0; n < 20_000; n++) {
      const key = `visitor number ${n}`;
      const id = internAll(interner, [key])[0] as number;
      interner.retain(id);
      alive.push({ key, id });
      if (alive.length > 100) interner.release(alive.shift()?.id as number);
      if (n % 50 !== 0) continue;
      interner.sweep();
      expect(
        internAll(
          interner,
          alive.map((known) => known.key),
        ),
      ).toEqual(alive.map((known) => known.id));
    }
    expect(interner.limit).toBeLessThan(200);
    for (const { id } of alive) interner.release(id);
    interner.sweep();
    expect(interner.size).toBe(0);
    expect(interner.limit).toBe(1);
  });
});

/** Half of them one by one, half as rows of a column. */
function internAll(interner: KeyInterner, texts: readonly string[]): number[] {
  const encoded = texts.map((text) => encoder.encode(text));
  const offsets = new Uint32Array(texts.length + 1);
  encoded.forEach((bytes, i) => (offsets[i + 1] = (offsets[i] as number) + bytes.length));
  const bytes = new Uint8Array(offsets[texts.length] as number);
  encoded.forEach((part, i) => bytes.set(part, offsets[i]));
  const ids = new Int32Array(texts.length);
  const half = texts.length >> 1;
  const rows = Int32Array.from(texts, (_, i) => i);
  interner.internRows(bytes, offsets, rows, half, texts.length, ids);
  for (let i = 0; i < half; i++) ids[i] = interner.intern(bytes, offsets[i] as number, offsets[i + 1] as number);
  return [...ids];
}
