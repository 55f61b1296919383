/** Bytes that are not an event batch, or not all of one. */
export class EventBatchFormatError extends Error {
  override readonly name = 'EventBatchFormatError';
  readonly code = 'EVENT_BATCH_FORMAT';

  constructor(
    readonly problem: string,
    /** Byte of the message where it was noticed. */
    readonly offset: number,
    /** Names of the fields around it, outermost first. */
    readonly path: string,
  ) {
    super(`not an event batch: ${problem} (${path}, byte ${offset})`);
  }
}
