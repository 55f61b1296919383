import { createHash } from 'node:crypto';

/** Values of a file's partition columns as text (dates as 2026-01-05), in the order of the columns. */
export type PartitionValues = Readonly<Record<string, string | null>>;

/** What readers of such directories, DuckDB among them, take for null. */
const NULL_SEGMENT = '__HIVE_DEFAULT_PARTITION__';
/** Directories have names of at most 255 bytes, with the column's name and `=` in front of the value. */
const MAX_VALUE_BYTES = 160;

/**
 * The directories of a file below its table, `date=2026-01-05/server_name=de.wikipedia.org`; '' without partition columns.
 * Values are percent-encoded. In the log, where paths are URIs, the whole path is encoded once more.
 */
export function partitionPath(values: PartitionValues): string {
  return Object.entries(values)
    .map(([name, value]) => `${encode(name)}=${value === null ? NULL_SEGMENT : encodeValue(value)}`)
    .join('/');
}

/** Do the directories say the values, or are some of these cut? */
export function isWholePath(values: PartitionValues): boolean {
  return Object.values(values).every((value) => value === null || encode(value).length <= MAX_VALUE_BYTES);
}

function encodeValue(value: string): string {
  const encoded = encode(value);
  if (encoded.length <= MAX_VALUE_BYTES) return encoded;
  // Nobody can read it back, but different values have different directories.
  const digest = createHash('sha256').update(value).digest('hex').slice(0, 16);
  return `${encoded.slice(0, MAX_VALUE_BYTES / 2).replace(/%.?$/, '')}~${digest}`;
}

function encode(text: string): string {
  // Readers look for these words before they decode.
  if (/^(null|__hive_default_partition__)$/i.test(text)) return percent(text.slice(0, 1)) + text.slice(1);
  return text.toWellFormed().replace(/[^A-Za-z0-9._-]/gu, percent);
}

function percent(character: string): string {
  return Array.from(Buffer.from(character), (byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('');
}
