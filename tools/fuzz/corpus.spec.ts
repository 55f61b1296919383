import { join } from 'node:path';

import { readCorpus } from './corpus-files';
import type { FuzzTarget } from './fuzz-target';
import { loadTarget, targetNames } from './targets';

/** Both are kept by people: what nobody can look through is of no use here. */
const MOST_BYTES = 300_000;

const corpusOf = (name: string) => readCorpus(join(__dirname, 'corpus', name));

describe.each(targetNames)('%s', (name) => {
  let target: FuzzTarget;
  beforeAll(async () => {
    target = await loadTarget(name);
  });
  afterAll(() => target.close?.());

  it('keeps its promises for sound inputs', async () => {
    expect(target.name).toBe(name);
    for (const seed of target.seeds()) await target.run(seed);
  });

  it('keeps its promises for all that fuzzing has found', async () => {
    const files = corpusOf(name);
    expect(files).not.toHaveLength(0);
    for (const { name: file, bytes } of files) {
      try {
        await target.run(bytes);
      } catch (error) {
        throw new Error(`tools/fuzz/corpus/${name}/${file} breaks a promise`, { cause: error });
      }
    }
  });
});

it('is small enough to live in the project', () => {
  const sizes = targetNames.flatMap((name) => corpusOf(name).map(({ bytes }) => bytes.length));
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_BYTES);
});
