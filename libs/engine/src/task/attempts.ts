import type { CheckpointStore } from '../ports/checkpoint-store';
import { StopPartitionError } from './stop-partition';

/** A position at which a task has crashed this often holds a record that it cannot survive. */
const MAX_ATTEMPTS = 3;

/**
 * Recognises poison: the position is written down before the first batch after an opening is applied, and again when
 * it has been. Only a crash in between can raise the count, however often and wherever else a process is killed.
 */
export class Attempts {
  private armed = true;

  constructor(
    private readonly store: CheckpointStore,
    private readonly task: string,
  ) {}

  /** @throws StopPartitionError at the third attempt from the same position. */
  async before(next: number): Promise<void> {
    if (!this.armed) return;
    const attempt = await this.count(next);
    if (attempt <= MAX_ATTEMPTS) return;
    throw new StopPartitionError(
      'poison',
      this.task,
      `${MAX_ATTEMPTS} attempts to go on from raw offset ${next} ended in a crash; look at the records there, then ` +
        `\`till skip\` a range that begins at ${next} to go on behind it`,
    );
  }

  async after(next: number): Promise<void> {
    if (!this.armed) return;
    this.armed = false;
    await this.count(next);
  }

  /** A store that does not answer costs an attempt, never progress. */
  private async count(next: number): Promise<number> {
    try {
      return await this.store.countAttempt(this.task, next);
    } catch {
      return 1;
    }
  }
}
