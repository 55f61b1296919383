/** Sizes that every service agrees on. What is beyond them is refused or becomes a dead letter, never cut. */

/** One HTTP or gRPC body, decoded. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;
/** One event as it came. */
export const MAX_EVENT_BYTES = 512 * 1024;
/** Value of one raw record. */
export const MAX_RAW_RECORD_BYTES = 1024 * 1024;
/** Rows of one raw record. */
export const MAX_RAW_RECORD_ROWS = 8192;
/** Nesting of an event's JSON. */
export const MAX_JSON_DEPTH = 64;
/** A dead letter with more original bytes keeps only the pointer to its source. */
export const MAX_DEAD_LETTER_BYTES = MAX_RAW_RECORD_BYTES;
/** Late rows are gathered into records of at most so many bytes (a single row may be larger). */
export const MAX_LATE_RECORD_BYTES = 512 * 1024;
/** A part with more bytes of groups and accumulators is cut into several records. */
export const MAX_PART_BYTES = 1024 * 1024;
/** Rows of sessions or attributions that one raw record has brought about: some hundred thousand, when time leaps. */
export const MAX_ROWS_BATCH_BYTES = 32 * 1024 * 1024;
