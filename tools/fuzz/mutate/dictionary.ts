import type { TargetsMap } from '../instrument/build-targets';
import type { CoverageMap } from '../instrument/coverage-map';

const MAX_BYTE = 0xff;
const MAX_UINT32 = 0xffff_ffff;

/** Bytes that have a meaning to the code under test: the target's own words, and what the code it reaches compares with. */
export class Dictionary {
  words: readonly Uint8Array[];
  private readonly own: readonly Uint8Array[];

  constructor(words: readonly string[]) {
    this.own = words.map((word) => Buffer.from(word, 'utf8'));
    this.words = this.own;
  }

  /** Takes the constants of the files that inputs have reached so far. */
  update(map: TargetsMap, coverage: CoverageMap): void {
    const found = new Map<string, Uint8Array>();
    const add = (word: Uint8Array): unknown => found.set(Buffer.from(word).toString('hex'), word);
    this.own.forEach(add);
    for (const { firstEdge, edges, words, numbers } of map.files) {
      if (!coverage.touches(firstEdge, edges)) continue;
      for (const word of words) add(Buffer.from(word, 'utf8'));
      for (const number of numbers) formsOf(number).forEach(add);
    }
    this.words = [...found.values()];
  }
}

/** How a number may stand in an input: as a byte or word of either order, as a varint, as decimal text. */
function formsOf(number: number): Uint8Array[] {
  if (!Number.isSafeInteger(number) || number < 0) return [Buffer.from(String(number))];
  const forms: Uint8Array[] = [varint(number), Buffer.from(String(number))];
  if (number <= MAX_BYTE) return [Uint8Array.of(number), ...forms];
  if (number > MAX_UINT32) return forms;
  const word = Buffer.alloc(4);
  word.writeUInt32BE(number);
  return [...forms, Uint8Array.from(word), Uint8Array.from(word).reverse()];
}

function varint(number: number): Uint8Array {
  const bytes: number[] = [];
  let rest = number;
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}
