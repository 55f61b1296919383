/**
 * Bytes to leave behind the last one that is read or written by words of a DataView. V8's Maglev compiler (seen in
 * Node 24) takes an access to the very last word of a view for one out of bounds, gives the code up, and from then on
 * calls the accessor as a function wherever that code stands: four times slower, for the rest of the process.
 */
export const WORD_SLACK = 8;

/** A view of a copy of `bytes`, with WORD_SLACK behind them. */
export function paddedView(bytes: Uint8Array): DataView {
  const padded = new Uint8Array(bytes.length + WORD_SLACK);
  padded.set(bytes);
  return new DataView(padded.buffer);
}
