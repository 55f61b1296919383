import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { ObjectStore, StoredObject } from './object-store';

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array | null) => (content === null ? null : new TextDecoder().decode(content));

async function listed(store: ObjectStore, prefix: string, after?: string): Promise<StoredObject[]> {
  const all: StoredObject[] = [];
  for await (const object of store.list(prefix, after)) all.push(object);
  return all;
}

const pathsOf = async (store: ObjectStore, prefix: string, after?: string) =>
  (await listed(store, prefix, after)).map(({ path }) => path);

/** Every store of the lake passes this suite. `create` opens the same store again when it is called again. */
export function describeObjectStore(name: string, create: () => Promise<ObjectStore>): void {
  describe(`${name} honours the ObjectStore contract`, () => {
    let store: ObjectStore;
    let root = '';
    let roots = 0;

    beforeAll(async () => {
      store = await create();
      await store.prepare();
    });
    beforeEach(() => {
      root = `test-${roots++}/`;
    });

    it('gives back what was put, and null for what was not', async () => {
      expect(await store.read(`${root}a`)).toBeNull();
      expect(await store.putIfAbsent(`${root}a`, bytes('one'))).toBe(true);
      expect(text(await store.read(`${root}a`))).toBe('one');
      expect(await store.read(`${root}a/b`).catch(() => null)).toBeNull();
      expect(await store.read(`${root}`.slice(0, -1) + '-other/a')).toBeNull();
    });

    it('leaves what is there', async () => {
      await store.putIfAbsent(`${root}a`, bytes('one'));
      expect(await store.putIfAbsent(`${root}a`, bytes('two'))).toBe(false);
      expect(text(await store.read(`${root}a`))).toBe('one');
    });

    it('takes one of many who put at once, and only what it has put stands there', async () => {
      const other = await create();
      const took = await Promise.all(
        Array.from({ length: 10 }, (_, i) =>
          (i % 2 === 0 ? store : other).putIfAbsent(`${root}deep/er/a`, bytes(`${i}`)),
        ),
      );
      expect(took.filter(Boolean)).toHaveLength(1);
      expect(text(await store.read(`${root}deep/er/a`))).toBe(String(took.indexOf(true)));
    });

    it('puts a file, which is gone then, and stays where nothing was put', async () => {
      const scratch = await store.scratch();
      const [first, second] = [join(scratch, 'first'), join(scratch, 'second')];
      await writeFile(first, 'one');
      await writeFile(second, 'two');
      expect(await store.putIfAbsent(`${root}date=2026-01-05/a.parquet`, { file: first })).toBe(true);
      expect(await store.putIfAbsent(`${root}date=2026-01-05/a.parquet`, { file: second })).toBe(false);
      expect(text(await store.read(`${root}date=2026-01-05/a.parquet`))).toBe('one');
      expect([existsSync(first), existsSync(second)]).toEqual([false, true]);
      await rm(scratch, { recursive: true });
    });

    it('replaces', async () => {
      await store.replace(`${root}a`, bytes('one'));
      await store.replace(`${root}a`, bytes('two'));
      expect(text(await store.read(`${root}a`))).toBe('two');
    });

    it('removes, also what is not there', async () => {
      await store.putIfAbsent(`${root}a`, bytes('one'));
      await store.putIfAbsent(`${root}b`, bytes('one'));
      await store.remove([`${root}a`, `${root}never`]);
      expect(await pathsOf(store, root)).toEqual([`${root}b`]);
      expect(await store.putIfAbsent(`${root}a`, bytes('two'))).toBe(true);
      await store.remove([]);
    });

    it('has a local file with the content', async () => {
      await store.putIfAbsent(`${root}x=1/a`, bytes('one'));
      expect(await readFile(await store.local(`${root}x=1/a`), 'utf8')).toBe('one');
      expect(await readFile(await store.local(`${root}x=1/a`), 'utf8')).toBe('one');
    });

    it('says size and time of what it lists, and nothing of files that are being written', async () => {
      const scratch = await store.scratch();
      await writeFile(join(scratch, 'half'), 'ha');
      await store.putIfAbsent(`${root}a`, bytes('four'));
      const [object, ...more] = await listed(store, root);
      expect(more).toEqual([]);
      expect(object).toEqual({ path: `${root}a`, bytes: 4, modifiedMs: expect.any(Number) });
      expect(Number.isSafeInteger(object?.modifiedMs)).toBe(true);
      for await (const { path } of store.list('')) expect(path).not.toContain('half');
      await rm(scratch, { recursive: true });
    });

    it('lists what begins with the prefix and stands behind `after`, ascending', async () => {
      const names = [
        'a',
        'a-b',
        'a.json',
        'a0',
        'b/c',
        'b/c.d/e',
        'b/c0',
        'b-',
        'b=1%2F/x',
        '00001.json',
        '00002.json',
      ];
      for (const name of names) await store.putIfAbsent(`${root}${name}`, bytes(name));
      const some = fc.constantFrom('', 'a', 'a.', 'b', 'b/', 'b/c', 'b/c.d/', 'b/c.d/e', '0', '00001', 'z', ...names);
      await fc.assert(
        fc.asyncProperty(some, some, async (prefix, after) => {
          const expected = names
            .map((name) => `${root}${name}`)
            .filter((path) => path.startsWith(root + prefix) && path > root + after)
            .sort();
          expect(await pathsOf(store, root + prefix, root + after)).toEqual(expected);
        }),
        { numRuns: 40 },
      );
    });
  });
}
