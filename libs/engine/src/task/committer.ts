import type { CheckpointStore, Commit, CommitOutcome } from '../ports/checkpoint-store';
import type { Clock } from '../ports/clock';
import type { TaskLabels, TaskMeter } from '../ports/telemetry';
import { TaskSpentError } from './stop-partition';

/** Pause before a commit whose answer never came is sent again, unchanged. */
const RETRY_MS = 250;

/** What a task hands over to be made durable. */
export interface Checkpoint extends Omit<Commit, 'fence'> {
  /** Resolves once all that is final below `next` is acknowledged; a checkpoint must not pass it before. */
  readonly published: Promise<void>;
}

/** A commit that the store has taken or refused. */
export interface SettledCommit {
  readonly outcome: CommitOutcome;
  readonly seconds: number;
  readonly bytes: number;
}

/** Counts a commit, and what it has brought to the store if it was taken. */
export function countCommit(meter: TaskMeter, labels: TaskLabels, { outcome, seconds, bytes }: SettledCommit): void {
  meter.observe('commit_seconds', labels, seconds);
  const isTaken = outcome === 'committed' || outcome === 'mine-already';
  meter.count(isTaken ? 'commits' : 'fenced', labels, 1);
  if (isTaken) meter.count('checkpoint_bytes', labels, bytes);
}

/**
 * Commits the checkpoints of one task one after the other, off the path of the events.
 *
 * A commit that fails (the store is away, slow, or failed half-way) is sent again with the same bytes until the store
 * takes or refuses it; the task goes on meanwhile, within its bound of uncommitted bytes.
 */
export class Committer {
  private readonly waiting: Checkpoint[] = [];
  private running: Promise<void> | null = null;
  private failure: Error | null = null;
  private stopped = false;
  private bytes = 0;

  /** @param next raw position of the checkpoint as claimed or created. */
  constructor(
    private readonly store: CheckpointStore,
    private readonly clock: Clock,
    private readonly task: string,
    private readonly identity: { readonly inc: string; readonly token: string },
    private next: number,
    private readonly onSettled: (commit: SettledCommit) => void,
  ) {}

  /** Bytes handed over and not yet committed. */
  get pendingBytes(): number {
    return this.bytes;
  }

  get isIdle(): boolean {
    return this.running === null;
  }

  /** @throws TaskSpentError, or the cause of a failed publish, once the task's memory is worth nothing. */
  assertAlive(): void {
    if (this.failure !== null) throw this.failure;
  }

  submit(checkpoint: Checkpoint): void {
    // Somebody must look at the promise at once; the pump does so only when its turn comes, and never when it has failed.
    checkpoint.published.catch(() => undefined);
    this.assertAlive();
    this.waiting.push(checkpoint);
    this.bytes += bytesOf(checkpoint);
    this.running ??= this.pump();
  }

  /** Resolves when nothing is waiting any more; throws as `assertAlive`. */
  async drain(): Promise<void> {
    while (this.running) await this.running;
    this.assertAlive();
  }

  /** Gives up what is waiting; for a task whose partition has been taken away. */
  stop(): void {
    this.stopped = true;
  }

  private async pump(): Promise<void> {
    try {
      for (let checkpoint = this.waiting.shift(); checkpoint && !this.stopped; checkpoint = this.waiting.shift()) {
        await checkpoint.published;
        await this.commit(checkpoint);
        this.bytes -= bytesOf(checkpoint);
      }
    } catch (cause) {
      this.failure = cause instanceof Error ? cause : new Error(String(cause));
    } finally {
      this.running = null;
    }
  }

  private async commit({ published: _published, ...checkpoint }: Checkpoint): Promise<void> {
    const fence = { ...this.identity, next: this.next };
    while (!this.stopped) {
      const startedMs = this.clock.monotonicMs();
      let outcome: CommitOutcome;
      try {
        outcome = await this.store.commit(this.task, { ...checkpoint, fence });
      } catch {
        await this.clock.sleep(RETRY_MS);
        continue;
      }
      const seconds = (this.clock.monotonicMs() - startedMs) / 1000;
      this.onSettled({ outcome, seconds, bytes: bytesOf(checkpoint) });
      if (outcome !== 'committed' && outcome !== 'mine-already') throw new TaskSpentError(this.task, outcome);
      this.next = checkpoint.next;
      return;
    }
  }
}

function bytesOf({ deltas, rewrites, state, fields }: Omit<Checkpoint, 'published'>): number {
  const size = (list: readonly { readonly bytes: Uint8Array }[]): number =>
    list.reduce((sum, { bytes }) => sum + bytes.length, 0);
  return size(deltas) + size(rewrites) + size(fields?.puts ?? []) + state.length;
}
