/** Why a partition stands still until somebody acts. Closed list: readiness, metrics and logs use these words. */
export type StopCode =
  | 'hole-in-log'
  | 'log-before-position'
  | 'poison'
  | 'unreadable-batch'
  | 'definition-mismatch'
  | 'rebuild-impossible'
  | 'partition-count'
  | 'sink-refused';

/**
 * This partition must not go on by itself: passing the place would lose or change results in silence. The others run
 * on. The message names the place and the remedy.
 */
export class StopPartitionError extends Error {
  override readonly name = 'StopPartitionError';

  constructor(
    readonly code: StopCode,
    readonly task: string,
    message: string,
    options?: ErrorOptions,
  ) {
    super(`${task}: ${message}`, options);
  }
}

/** The task's memory is no longer what the store knows: drop it and open a fresh one while the partition is ours. */
export class TaskSpentError extends Error {
  override readonly name = 'TaskSpentError';
  readonly code = 'TASK_SPENT';

  constructor(
    readonly task: string,
    readonly reason: 'not-mine' | 'rolled-back' | 'never-seen',
  ) {
    super(`${task}: checkpoint refused (${reason}); opening the task again`);
  }
}

/**
 * The task has done all that it can do under its definition: another one is in force from here on, or a metric has run
 * out. What was applied is kept; a fresh task goes on at once.
 */
export class TaskRenewalError extends Error {
  override readonly name = 'TaskRenewalError';
  readonly code = 'TASK_RENEWAL';

  constructor(
    readonly task: string,
    readonly reason: 'definition' | 'retired-metric',
  ) {
    super(`${task}: opening the task again (${reason})`);
  }
}
