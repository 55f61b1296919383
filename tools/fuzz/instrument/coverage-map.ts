/** Classes of how often an edge was taken: once, twice, three times, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. */
const CLASS_OF = Uint8Array.from({ length: 256 }, (_, hits) => {
  if (hits < 4) return hits === 0 ? 0 : 1 << (hits - 1);
  if (hits < 8) return 8;
  if (hits < 16) return 16;
  if (hits < 32) return 32;
  return hits < 128 ? 64 : 128;
});

/** What one run did: edges and how often, in classes. */
export interface Trace {
  /** `edge * 256 + class`. */
  readonly features: readonly number[];
  /** Whether something of it was never seen before. */
  readonly isNew: boolean;
}

/** Everything that inputs have made the product do so far. Reads the counters of the instrumented code and clears them. */
export class CoverageMap {
  /** Edges that were taken at all. */
  edges = 0;
  /** Edges by class of frequency. */
  features = 0;
  private readonly counters: Uint8Array;
  private readonly words: Uint32Array;
  private readonly seen: Uint8Array;

  /** @param counters one byte for each edge, a multiple of four of them */
  constructor(counters: Uint8Array) {
    this.counters = counters;
    this.words = new Uint32Array(counters.buffer, counters.byteOffset, counters.length >> 2);
    this.seen = new Uint8Array(counters.length);
  }

  clear(): void {
    this.words.fill(0);
  }

  /** Whether the run that the counters hold went a way that was never seen; costs no list. The counters stay. */
  hasNews(): boolean {
    const { words, counters, seen } = this;
    for (let word = 0; word < words.length; word++) {
      if (words[word] === 0) continue;
      for (let edge = 4 * word; edge < 4 * word + 4; edge++) {
        const bit = CLASS_OF[counters[edge] as number] as number;
        if ((bit & ~(seen[edge] as number)) !== 0) return true;
      }
    }
    return false;
  }

  /** What the counters hold, remembered as seen. */
  take(): Trace {
    const { words, counters, seen } = this;
    const features: number[] = [];
    let isNew = false;
    for (let word = 0; word < words.length; word++) {
      if (words[word] === 0) continue;
      for (let edge = 4 * word; edge < 4 * word + 4; edge++) {
        const bit = CLASS_OF[counters[edge] as number] as number;
        if (bit === 0) continue;
        features.push(edge * 256 + bit);
        const before = seen[edge] as number;
        if ((bit & before) !== 0) continue;
        isNew = true;
        this.features++;
        if (before === 0) this.edges++;
        seen[edge] = before | bit;
      }
    }
    return { features, isNew };
  }

  /** Whether an edge of [from, from + count) was ever taken. */
  touches(from: number, count: number): boolean {
    for (let edge = from; edge < from + count; edge++) if (this.seen[edge] !== 0) return true;
    return false;
  }
}
