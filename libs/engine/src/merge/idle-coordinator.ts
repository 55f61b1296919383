import type { StreamSchema } from '@tillstream/core';
import type { Frontier } from '@tillstream/contracts';

/** An idle partition is told how far the others are no more often than this. */
const ADVANCE_EVERY_MS = 5_000;

/** An `advance` to append to a raw partition. */
export interface Advance {
  readonly partition: number;
  readonly toMs: number;
}

interface Watched {
  frontier: Frontier;
  /** When this coordinator saw the input move last, on its own monotonic clock. */
  movedAtMs: number;
  advancedAtMs: number;
}

/**
 * Notices partitions whose time stands still and says how far they may go.
 *
 * This is the one place where a clock has a say in event time, and it does not decide anything: it proposes a record.
 * The raw log orders that record after everything that stands there already, and clamps it to its own append time, so
 * neither a wrong clock nor a wrong guess can make an earlier row late.
 */
export class IdleCoordinator {
  private readonly watched = new Map<number, Watched>();

  /** @param horizonMs how long after the newest event something may still be open (the widest window and its bound). */
  constructor(
    private readonly schema: StreamSchema,
    private readonly horizonMs: number,
  ) {}

  observe(source: number, frontier: Frontier, nowMs: number): void {
    const known = this.watched.get(source);
    if (!known) {
      this.watched.set(source, { frontier, movedAtMs: nowMs, advancedAtMs: -Infinity });
      return;
    }
    const { watermarkInputMs } = known.frontier;
    if (frontier.watermarkInputMs > watermarkInputMs) known.movedAtMs = nowMs;
    if (frontier.watermarkInputMs < watermarkInputMs) return; // repeated by a restarted owner or a zombie
    known.frontier = frontier;
  }

  /** The advances due now; to be appended to the raw partitions they name. */
  due(nowMs: number): Advance[] {
    const { partitions, eventTime } = this.schema;
    if (this.watched.size < partitions) return []; // a partition nobody has spoken for may hold anything
    const all = [...this.watched.entries()];
    if (all.some(([, { frontier }]) => frontier.held)) return [];
    const isIdle = ({ frontier, movedAtMs }: Watched): boolean =>
      frontier.caughtUp && (frontier.watermarkInputMs === -Infinity || nowMs - movedAtMs >= eventTime.idleAfterMs);
    const active = all.filter(([, watched]) => !isIdle(watched));
    const toMs = active.length > 0 ? lowestInput(active) : this.timeFlows(all, nowMs);
    if (!Number.isFinite(toMs) || !this.somethingIsOpen(all)) return [];
    const advances: Advance[] = [];
    for (const [partition, watched] of all) {
      if (!isIdle(watched) || watched.frontier.watermarkInputMs >= toMs) continue;
      if (nowMs - watched.advancedAtMs < ADVANCE_EVERY_MS) continue;
      watched.advancedAtMs = nowMs;
      advances.push({ partition, toMs });
    }
    return advances;
  }

  /** Everybody rests: event time goes on from the newest input as processing time does. */
  private timeFlows(all: readonly [number, Watched][], nowMs: number): number {
    const newest = all.reduce(
      (best, [, watched]) => (watched.frontier.watermarkInputMs > best.frontier.watermarkInputMs ? watched : best),
      all[0]?.[1] ?? NOBODY,
    );
    return Math.floor(newest.frontier.watermarkInputMs + (nowMs - newest.movedAtMs));
  }

  /** A quiet platform writes nothing: only while some window may wait for time to pass. */
  private somethingIsOpen(all: readonly [number, Watched][]): boolean {
    const newestEventMs = Math.max(...all.map(([, { frontier }]) => frontier.maxEventTimeMs));
    return all.some(([, { frontier }]) => frontier.watermarkInputMs < newestEventMs + this.horizonMs);
  }
}

const NOBODY: Watched = {
  frontier: {
    watermarkInputMs: -Infinity,
    maxEventTimeMs: -Infinity,
    maxAppendMs: -Infinity,
    caughtUp: false,
    held: false,
    rawNext: 0,
  },
  movedAtMs: 0,
  advancedAtMs: 0,
};

function lowestInput(watched: readonly [number, Watched][]): number {
  return Math.min(...watched.map(([, { frontier }]) => frontier.watermarkInputMs));
}
