import type { CheckpointStore } from '../ports/checkpoint-store';
import { StopPartitionError } from './stop-partition';

/** A position at which a task has crashed this often holds a record that it cannot survive. */
const MAX_ATTEMPTS = 3;

/**
 * Recognises poison: the position is written down before the first records after an opening are applied, and again when
 * they have been. Only a crash in between can raise the count, however often and wherever else a process is killed.
 *
 * After a crash the records are taken one at a time, so that the next one is at the very record that cannot be survived.
 */
export class Attempts {
  private armed = true;

  constructor(
    private readonly store: CheckpointStore,
    private readonly task: string,
  ) {}

  /**
   * Cuts what was fetched into the portions to apply: all at once, or one by one when the last attempt ended here.
   * @throws StopPartitionError when too many attempts did.
   */
  async *portions<T>(records: readonly T[], next: () => number): AsyncGenerator<readonly T[], void, void> {
    if (!this.armed) {
      yield records;
      return;
    }
    const isCautious = await this.begin(next());
    for (const [index, portion] of (isCautious ? records.map((record) => [record]) : [records]).entries()) {
      if (index > 0) await this.begin(next());
      yield portion;
    }
    this.armed = false;
    await this.count(next());
  }

  private async begin(next: number): Promise<boolean> {
    const attempt = await this.count(next);
    if (attempt <= MAX_ATTEMPTS) return attempt > 1;
    throw new StopPartitionError(
      'poison',
      this.task,
      `${MAX_ATTEMPTS} attempts to go on from raw offset ${next} ended in a crash; look at the records there, then ` +
        `\`till skip\` a range that begins at ${next} to go on behind it`,
    );
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
