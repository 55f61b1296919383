/** Neighbouring durations are told apart when they differ by more than this share. */
const RESOLUTION = 0.02;
const STEP = Math.log1p(RESOLUTION);

/** How often which durations came, negative ones too, near enough to tell their quantiles within 2 %. */
export class DurationCounts {
  count = 0;
  smallest = Infinity;
  largest = -Infinity;
  private readonly buckets = new Map<number, number>();

  add(ms: number, times = 1): void {
    if (times === 0) return;
    this.count += times;
    this.smallest = Math.min(this.smallest, ms);
    this.largest = Math.max(this.largest, ms);
    const bucket = bucketOf(ms);
    this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + times);
  }

  addAll(other: DurationCounts): void {
    for (const [bucket, times] of other.buckets) this.buckets.set(bucket, (this.buckets.get(bucket) ?? 0) + times);
    this.count += other.count;
    this.smallest = Math.min(this.smallest, other.smallest);
    this.largest = Math.max(this.largest, other.largest);
  }

  /** The duration that a share of all do not exceed; null when there is none. */
  quantile(share: number): number | null {
    if (this.count === 0) return null;
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (const bucket of [...this.buckets.keys()].sort((a, b) => a - b)) {
      seen += this.buckets.get(bucket) as number;
      if (seen >= wanted) return Math.min(this.largest, Math.max(this.smallest, upperEndOf(bucket)));
    }
    return this.largest;
  }
}

/** 0 for less than a millisecond; the sign is that of the duration. */
function bucketOf(ms: number): number {
  const size = Math.abs(ms);
  return size < 1 ? 0 : Math.sign(ms) * (1 + Math.ceil(Math.log(size) / STEP - 1e-9));
}

/** The largest duration of a bucket, rounded up to whole milliseconds. */
function upperEndOf(bucket: number): number {
  if (bucket === 0) return 0;
  return bucket > 0 ? Math.ceil(Math.exp((bucket - 1) * STEP)) : -Math.floor(Math.exp((-bucket - 2) * STEP));
}
