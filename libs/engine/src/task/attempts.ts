import type { CheckpointStore } from '../ports/checkpoint-store';
import { StopPartitionError } from './stop-partition';

/**
 * What an attempt counts that ended in an exception of the task's own: that says as much as this many processes that
 * have died at the same place, which they may have done for any reason.
 */
const EXCEPTION_WEIGHT = 3;
/** Three exceptions, or nine deaths, without a step forward. */
const MAX_WEIGHT = 3 * EXCEPTION_WEIGHT;
/** Written in place of a position: no attempt is under way. */
const NOWHERE = -1;

/**
 * Recognises poison: the position is written down before the first records after an opening are applied, and taken back
 * when they have been. So only what ends in between counts, and what ends in an exception counts most: processes that are
 * killed again and again, or fail to say what they have done, must not stop a healthy partition.
 *
 * After a crash the records are taken one at a time, so that the next one is at the very record that cannot be survived.
 */
export class Attempts {
  private armed = true;
  /** Position of the attempt under way. */
  private begun: number | null = null;

  constructor(
    private readonly store: CheckpointStore,
    private readonly task: string,
  ) {}

  /**
   * Cuts what was fetched into the portions to apply: all at once, or one by one when the last attempt ended here. Whoever
   * has applied one says so with `survived` before anything else.
   * @throws StopPartitionError when too many attempts did.
   */
  async *portions<T>(records: readonly T[], next: () => number): AsyncGenerator<readonly T[], void, void> {
    if (!this.armed) {
      yield records;
      return;
    }
    const isCautious = await this.begin(next());
    for (const [index, portion] of (isCautious ? records.map((record) => [record]) : [records]).entries()) {
      if (index > 0 && this.begun !== next()) await this.begin(next());
      yield portion;
    }
    this.armed = false;
    await this.end();
  }

  /**
   * A portion has been applied: how the task ends from here on says nothing of its records. One that has not moved the
   * position, since all of it was known, is not told from the next.
   */
  async survived(next: number): Promise<void> {
    if (this.armed && this.begun !== next) await this.end();
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
    this.begun = next;
    const weight = await this.count(next);
    if (weight <= MAX_WEIGHT) return weight > 1;
    throw new StopPartitionError(
      'poison',
      this.task,
      `every attempt to go on from raw offset ${next} ended in a crash; look at the records there, then ` +
        `\`till skip\` a range that begins at ${next} to go on behind it`,
    );
  }

  private async end(): Promise<void> {
    if (this.begun !== null) await this.count(NOWHERE);
    this.begun = null;
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
