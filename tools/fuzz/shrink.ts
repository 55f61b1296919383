const PLAIN = [0x30, 0x20, 0x00];

/**
 * Makes an input smaller as long as it stays what it is: takes ranges away, large ones first, then puts plain bytes for
 * others.
 *
 * @param stays whether a smaller input is still of interest
 */
export async function shrink(
  input: Uint8Array,
  stays: (smaller: Uint8Array) => Promise<boolean>,
  mostRuns: number,
): Promise<Uint8Array> {
  let best = input;
  let runs = 0;
  const tried = async (candidate: Uint8Array): Promise<boolean> => {
    if (++runs > mostRuns || !(await stays(candidate))) return false;
    best = candidate;
    return true;
  };

  for (let size = best.length >> 1; size >= 1 && runs < mostRuns; size = size >> 1) {
    for (let at = 0; at < best.length;) {
      const without = Uint8Array.of(...best.subarray(0, at), ...best.subarray(at + size));
      if (!(await tried(without))) at += size;
    }
  }
  for (let at = 0; at < best.length && runs < mostRuns; at++) {
    for (const plain of PLAIN) {
      if (best[at] === plain) break;
      const changed = Uint8Array.from(best);
      changed[at] = plain;
      if (await tried(changed)) break;
    }
  }
  return best;
}
