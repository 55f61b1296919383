/** The append was not acknowledged within the writer's time. It may or may not be in the log. */
export class AppendTimeoutError extends Error {
  override readonly name = 'AppendTimeoutError';
  readonly code = 'APPEND_TIMEOUT';

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly afterMs: number,
  ) {
    super(`${topic}/${partition} has not acknowledged an append within ${afterMs} ms`);
  }
}

/** The writer was closed before the append was acknowledged. It may or may not be in the log. */
export class WriterClosedError extends Error {
  override readonly name = 'WriterClosedError';
  readonly code = 'WRITER_CLOSED';

  constructor() {
    super('the log writer is closed');
  }
}

/** More is waiting to be appended than the writer may hold. Nothing of this append is in the log. */
export class WriterFullError extends Error {
  override readonly name = 'WriterFullError';
  readonly code = 'WRITER_FULL';

  constructor(
    readonly pendingBytes: number,
    readonly maxPendingBytes: number,
  ) {
    super(`${pendingBytes} bytes wait to be appended, at most ${maxPendingBytes} may`);
  }
}

/** The broker will never take the append: too large, not allowed, refused by the topic's settings. */
export class AppendRefusedError extends Error {
  override readonly name = 'AppendRefusedError';
  readonly code = 'APPEND_REFUSED';

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly reason: string,
  ) {
    super(`${topic}/${partition} refuses the append: ${reason}`);
  }
}

/** A broker's answer that is an error, by the name the Kafka protocol gives it. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError';

  constructor(
    readonly code: string,
    readonly retriable: boolean,
  ) {
    super(`the broker answers ${code}`);
  }
}

/** Fetched bytes that are not what a writer can have sent. */
export class CorruptBatchError extends Error {
  override readonly name = 'CorruptBatchError';
  readonly code = 'CORRUPT_BATCH';

  constructor(
    readonly baseOffset: number,
    reason: string,
  ) {
    super(`the record batch at offset ${baseOffset} cannot be read: ${reason}`);
  }
}

/** The topic or partition does not exist, or not any more. */
export class UnknownPartitionError extends Error {
  override readonly name = 'UnknownPartitionError';
  readonly code = 'UNKNOWN_PARTITION';

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {
    super(`${topic}/${partition} does not exist`);
  }
}

/** The reader or consumer was closed while somebody waited for it. */
export class ReaderClosedError extends Error {
  override readonly name = 'ReaderClosedError';
  readonly code = 'READER_CLOSED';

  constructor() {
    super('the log reader is closed');
  }
}
