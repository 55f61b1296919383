/** Objects and arrays within each other, the event itself included. */
export const MAX_NESTING = 64;
/** Bytes of one event, braces included. */
export const MAX_EVENT_BYTES = 512 * 1024;
/** Bytes of the value of one raw record. */
export const MAX_RECORD_BYTES = 1024 * 1024;
/** Events in one raw record. */
export const MAX_RECORD_ROWS = 8192;
