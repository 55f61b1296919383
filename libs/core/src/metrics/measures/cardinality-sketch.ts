import type { SortedTally } from './tallies';

const INDEX_BITS = 12;
/** How many registers there are. */
export const REGISTERS = 1 << INDEX_BITS;
/** Bits of a hash that are left for the rank. */
const RANK_BITS = 64 - INDEX_BITS;
/** The highest rank: no bit of the rest is set. */
export const LAST_RANK = RANK_BITS + 1;

/** Standard error of an estimate, relative to the true number. */
export const CARDINALITY_ERROR = 1.04 / Math.sqrt(REGISTERS);

/** Seed of the hashes; they are in checkpoints and parts, so it may never change. */
export const CARDINALITY_SEED = 0x1c0de;

/** The register that a hash of 64 bits belongs to. */
export function registerOf(high: number): number {
  return high >>> (32 - INDEX_BITS);
}

/** Place of the first bit that is set behind those of the register, from 1. */
export function rankOf(high: number, low: number): number {
  const rest = (high << INDEX_BITS) >>> 0;
  if (rest !== 0) return Math.clz32(rest) + 1;
  return Math.min(32 - INDEX_BITS + Math.clz32(low) + 1, LAST_RANK);
}

/**
 * How many different values there were, about, from the highest rank of each register (those without one are left out).
 *
 * HyperLogLog; the estimator needs no correction by measured biases: Ertl, “New cardinality estimation algorithms for
 * HyperLogLog sketches”, 2017, algorithm 6.
 */
export function cardinalityOf({ values, count }: SortedTally): number {
  if (count === 0) return 0;
  const registersAt = new Float64Array(LAST_RANK + 1);
  for (let i = 0; i < count; i++) {
    const rank = values[i] as number;
    registersAt[rank] = (registersAt[rank] as number) + 1;
  }
  let z = REGISTERS * tau(1 - (registersAt[LAST_RANK] as number) / REGISTERS);
  for (let rank = RANK_BITS; rank >= 1; rank--) z = 0.5 * (z + (registersAt[rank] as number));
  z += REGISTERS * sigma((REGISTERS - count) / REGISTERS);
  return Math.round((REGISTERS * REGISTERS) / (2 * Math.LN2 * z));
}

/** x + Σ x^(2^k) 2^(k−1): what registers without a rank stand for. */
function sigma(share: number): number {
  if (share === 1) return Infinity;
  let x = share;
  let y = 1;
  let z = x;
  for (let before = NaN; z !== before; y += y) {
    x *= x;
    before = z;
    z += x * y;
  }
  return z;
}

/** ⅓ (1 − x − Σ (1 − x^(2^−k))² 2^−k): what registers at the highest rank stand for. */
function tau(share: number): number {
  if (share === 0 || share === 1) return 0;
  let x = share;
  let y = 1;
  let z = 1 - x;
  for (let before = NaN; z !== before;) {
    x = Math.sqrt(x);
    before = z;
    y *= 0.5;
    z -= (1 - x) ** 2 * y;
  }
  return z / 3;
}
