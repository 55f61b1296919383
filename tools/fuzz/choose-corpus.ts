import type { CoverageMap } from './instrument/coverage-map';
import type { Executor } from './executor';
import { shrink } from './shrink';

const SHRINK_RUNS = 100;
const BITS_OF_CLASS = 256;

/**
 * The few inputs that together take every edge that any of them takes, each made smaller as long as it takes those it
 * was chosen for.
 *
 * @param mostBytes of all together: what no longer fits is left out
 * @param looked called now and then, as a sign of life
 */
export async function chooseCorpus(
  inputs: readonly Uint8Array[],
  executor: Executor,
  coverage: CoverageMap,
  mostBytes: number,
  looked: () => void,
): Promise<readonly Uint8Array[]> {
  const edgesOf = async (input: Uint8Array): Promise<Set<number>> => {
    const failure = await executor.run(input);
    if (failure !== null) return new Set();
    return new Set(coverage.take().features.map((feature) => Math.floor(feature / BITS_OF_CLASS)));
  };
  const candidates: { readonly input: Uint8Array; readonly edges: Set<number> }[] = [];
  for (const input of inputs) {
    candidates.push({ input, edges: await edgesOf(input) });
    looked();
  }

  const chosen: Uint8Array[] = [];
  const taken = new Set<number>();
  const tooLarge = new Set<object>();
  let room = mostBytes;
  for (;;) {
    let best: { readonly input: Uint8Array; readonly news: number[] } | undefined;
    for (const candidate of candidates) {
      if (tooLarge.has(candidate)) continue;
      const news = [...candidate.edges].filter((edge) => !taken.has(edge));
      if (news.length === 0) tooLarge.add(candidate);
      else if (best === undefined || worth(news, candidate.input) > worth(best.news, best.input)) {
        best = { input: candidate.input, news };
      }
    }
    if (best === undefined) return chosen;
    const { input, news } = best;
    const stays = async (smaller: Uint8Array): Promise<boolean> => {
      const edges = await edgesOf(smaller);
      return news.every((edge) => edges.has(edge));
    };
    const small = await shrink(input, stays, SHRINK_RUNS);
    looked();
    for (const edge of news) taken.add(edge);
    if (small.length > room) continue;
    room -= small.length;
    chosen.push(small);
    for (const edge of await edgesOf(small)) taken.add(edge);
  }
}

/** Short inputs are read by people and kept for good. */
function worth(news: readonly number[], input: Uint8Array): number {
  return news.length / (64 + input.length);
}
