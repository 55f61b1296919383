import type { CheckpointStore } from '../ports/checkpoint-store';
import { StopPartitionError } from './stop-partition';

/**
 * What an attempt counts that ended in an exception of the task's own: that says as much as this many processes that
 * have died at the same place, which they may have done for any reason.
 */
const EXCEPTION_WEIGHT = 3;
/** Three exceptions, or nine deaths, without a step forward. */
const MAX_WEIGHT = 3 * EXCEPTION_WEIGHT;

/**
 * Recognises poison: the position is written down before the first records after an opening are applied, and again when
 * they have been. So only what ends in between counts, and what ends in an exception counts most: processes that are
 * killed again and again must not stop a healthy partition.
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

  /** Does work whose failure is the records' fault, if anybody's: no I/O. @throws what the work throws */
  async guard<T>(next: number, work: () => T): Promise<T> {
    try {
      return work();
    } catch (cause) {
      // The attempt itself may have been counted already; counted or not, three such exceptions are enough.
      if (!(cause instanceof StopPartitionError)) for (let i = 1; i < EXCEPTION_WEIGHT; i += 1) await this.count(next);
      throw cause;
    }
  }

  private async begin(next: number): Promise<boolean> {
    const weight = await this.count(next);
    if (weight <= MAX_WEIGHT) return weight > 1;
    throw new StopPartitionError(
      'poison',
      this.task,
      `every attempt to go on from raw offset ${next} ended in a crash; look at the records there, then ` +
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
