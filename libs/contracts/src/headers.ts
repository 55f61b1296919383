/**
 * Names of the record headers that Tillstream writes and reads. All are optional for foreign producers; their names begin
 * alike so that an access rule or a filter can name them together.
 */
export const HEADER = {
  /** On a raw record that is a decision, not data: the kind, as text. The record's value says it in full. */
  control: 'tillstream-control',
  /** 16 bytes, the same on every retry of one write. */
  batchId: 'tillstream-batch-id',
  /** On raw rows that were first written to another partition: where they came from. */
  rerouted: 'tillstream-rerouted',
  /** On raw records that were copied from a generation with fewer partitions: where they stood there. */
  copied: 'tillstream-copied',
  /** On dead letters: why, which field, in words, and where the row stood. */
  code: 'tillstream-code',
  path: 'tillstream-path',
  message: 'tillstream-message',
  sourceTopic: 'tillstream-source-topic',
  sourcePartition: 'tillstream-source-partition',
  sourceOffset: 'tillstream-source-offset',
  sourceIndex: 'tillstream-source-index',
  /** On dead letters: append time of the raw record, in epoch ms. */
  sourceTime: 'tillstream-source-time',
  /** On a dead letter that was too large to keep: how many bytes it had. They are still at the source offset. */
  omittedBytes: 'tillstream-omitted-bytes',
  /**
   * On the first of results, or shares of results, that were told together: append time of the oldest raw record that has waited
   * for it, in epoch ms. Of finals: of the record that has let their window close. Measured by, and else nothing.
   */
  waitingSince: 'tillstream-waiting-since',
} as const;

const decoder = new TextDecoder();

/** UTF-8 bytes of a header's text. */
export function headerBytes(text: string | number): Uint8Array {
  return Buffer.from(String(text), 'utf8');
}

/** Text of a header, or null where the record has none of that name. */
export function headerText(headers: Readonly<Record<string, Uint8Array>>, name: string): string | null {
  const bytes = headers[name];
  return bytes === undefined ? null : decoder.decode(bytes);
}

/** A header that holds a whole number in decimal text; null where it is absent or anything else. */
export function headerInteger(headers: Readonly<Record<string, Uint8Array>>, name: string): number | null {
  const text = headerText(headers, name);
  return text === null ? null : parseInteger(text);
}

/** `-12`, `0`, `340` → the number; null for anything else, including integers that a double cannot hold exactly. */
export function parseInteger(text: string): number | null {
  if (!/^(0|-?[1-9][0-9]{0,15})$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
