import type { SeededRandom, SendFate, StoreFaults, WriteFaults } from '@tillstream/engine/testing';
import { UNHARMED } from '@tillstream/engine/testing';

/** How often things go wrong in a send or a commit: each a probability. */
export interface FaultRates {
  /** An append takes effect twice or three times before its answer arrives. */
  readonly lostAnswers: number;
  readonly slowAppends: number;
  /** An append without effect that is refused. */
  readonly refusedAppends: number;
  /** An append whose writer gives up, and whose records come to stand in the log later. */
  readonly lateAppends: number;
  readonly halfCommits: number;
  readonly resentCommits: number;
  readonly slowStore: number;
}

export const NO_FAULTS: FaultRates = {
  lostAnswers: 0,
  slowAppends: 0,
  refusedAppends: 0,
  lateAppends: 0,
  halfCommits: 0,
  resentCommits: 0,
  slowStore: 0,
};

/** Every seed has weather of its own: what goes wrong often, now and then, or never. */
export function someFaults(random: SeededRandom): FaultRates {
  const rate = (often: number): number => random.pick([0, often / 5, often]);
  return {
    lostAnswers: rate(0.1),
    slowAppends: rate(0.1),
    refusedAppends: rate(0.03),
    lateAppends: rate(0.03),
    halfCommits: rate(0.2),
    resentCommits: rate(0.1),
    slowStore: rate(0.1),
  };
}

const MOST_SLOW_APPEND_MS = 6_000;
const MOST_LATE_MS = 30_000;
const MOST_SLOW_STORE_MS = 4_000;
const MOST_DELTAS = 4;

/** What goes wrong between the processes of a world, its log and its store, as long as it lasts. */
export class Weather implements WriteFaults, StoreFaults {
  rates: FaultRates = NO_FAULTS;
  /** Topics, and partitions as `topic/partition`, to which nothing gets through. */
  readonly stalled = new Set<string>();
  storeIsFull = false;
  /** How often each thing went wrong. */
  readonly counts: Record<string, number> = {};

  constructor(private readonly random: SeededRandom) {}

  /** From now on nothing goes wrong. */
  clear(): void {
    this.rates = NO_FAULTS;
    this.stalled.clear();
    this.storeIsFull = false;
  }

  count(fault: string): void {
    this.counts[fault] = (this.counts[fault] ?? 0) + 1;
  }

  fateOf(): SendFate {
    const { rates } = this;
    if (rates === NO_FAULTS) return UNHARMED;
    const delayMs = this.happens('append: slow', rates.slowAppends) ? this.random.below(MOST_SLOW_APPEND_MS) : 0;
    if (this.happens('append: refused', rates.refusedAppends)) return { ...UNHARMED, delayMs, end: 'refused' };
    if (this.happens('append: given up and late', rates.lateAppends)) {
      return { ...UNHARMED, delayMs, end: 'given-up', lateMs: 1 + this.random.below(MOST_LATE_MS) };
    }
    const copies = this.happens('append: answer lost', rates.lostAnswers) ? 2 + this.random.below(2) : 1;
    return { ...UNHARMED, delayMs, copies };
  }

  isStalled(topic: string, partition: number): boolean {
    const { stalled } = this;
    return stalled.size > 0 && (stalled.has(topic) || stalled.has(`${topic}/${partition}`));
  }

  delayMs(): number {
    return this.happens('store: slow', this.rates.slowStore) ? this.random.below(MOST_SLOW_STORE_MS) : 0;
  }

  isFull(): boolean {
    return this.storeIsFull;
  }

  failAfterWrites(): number | null {
    return this.happens('commit: fails half-way', this.rates.halfCommits) ? this.random.below(MOST_DELTAS) : null;
  }

  resend(): boolean {
    return this.happens('commit: sent again', this.rates.resentCommits);
  }

  private happens(fault: string, rate: number): boolean {
    if (rate === 0 || !this.random.chance(rate)) return false;
    this.count(fault);
    return true;
  }
}
