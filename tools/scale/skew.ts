import { murmur2 } from '@tillstream/core';

/** Hashes of keys, which are the same for every skew. */
const hashes = new Map<number, Int32Array>();

/** Where the events of a shop go, when some keys have many more of them than others. */
export class KeyLoads {
  private readonly hashes: Int32Array;
  private readonly shares: Float64Array;
  private readonly loads = new Map<number, Float64Array>();

  /**
   * @param keys how many there are
   * @param skew of Zipf's law: the n-th busiest key has a share in proportion to n^-skew; 0: all have the same
   * @param most share that a key can have: nobody clicks more often than so and so often a second
   */
  constructor(
    readonly keys: number,
    readonly skew: number,
    most = 1,
  ) {
    this.hashes = hashes.get(keys) ?? hashesOf(keys);
    hashes.set(keys, this.hashes);
    const weights = Float64Array.from({ length: keys }, (_, key) => (key + 1) ** -skew);
    const sum = weights.reduce((all, weight) => all + weight);
    const bounded = weights.map((weight) => Math.min(weight / sum, Math.max(most, 1 / keys)));
    const left = bounded.reduce((all, share) => all + share);
    this.shares = bounded.map((share) => share / left);
  }

  /** Share of the busiest key: no number of partitions makes the fullest one emptier than that. */
  get busiest(): number {
    return this.shares[0] ?? 0;
  }

  /** Share of all events that each partition has, by the hash that Kafka's clients and ours use. */
  byPartition(partitions: number): Float64Array {
    const known = this.loads.get(partitions);
    if (known) return known;
    const loads = new Float64Array(partitions);
    this.loads.set(partitions, loads);
    for (let key = 0; key < this.keys; key++) {
      const partition = (this.hashes[key] as number) % partitions;
      loads[partition] = (loads[partition] as number) + (this.shares[key] as number);
    }
    return loads;
  }

  /** Share of the fullest of so many partitions. */
  fullest(partitions: number): number {
    return Math.max(...this.byPartition(partitions));
  }
}

function hashesOf(keys: number): Int32Array {
  return Int32Array.from({ length: keys }, (_, key) => {
    const bytes = Buffer.from(`user-${key}`);
    return murmur2(bytes, 0, bytes.length) & 0x7fffffff;
  });
}

/** Share of the replica that has most to do, when replicas have equal numbers of partitions, as the group deals them out. */
export function fullestReplica(loads: Float64Array, replicas: number): number {
  const sums = new Float64Array(replicas);
  loads.forEach((load, partition) => {
    const replica = partition % replicas;
    sums[replica] = (sums[replica] as number) + load;
  });
  return Math.max(...sums);
}
