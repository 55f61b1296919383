import type { NewRecord } from '../record';
import { formatProblems } from '../stream-file/problem';
import { parseStreamFile } from '../stream-file/parse-stream-file';
import type { StreamDefinition } from '../stream-file/stream-definition';

/*
 * The definitions topic holds every stream file that was ever put live, in the order in which this was done: the last one is
 * in force, and a `definition` record in each raw partition says from where on. It is kept for ever, because whoever reads the
 * log again needs the file that its rows were read under.
 */

/** The record that keeps a stream file: its meaning as key, its text as value. */
export function encodeDefinition({ sha256, file, text }: StreamDefinition): NewRecord {
  return {
    key: Buffer.from(sha256, 'latin1'),
    value: Buffer.from(JSON.stringify({ sha256, file, text }), 'utf8'),
  };
}

const decoder = new TextDecoder();

/**
 * Reads a record of a definitions topic; null for tombstones and what is not understood.
 *
 * @param known a definition that need not be read again
 * @throws RangeError for a file that this version reads in another way than the one that wrote it, or not at all
 */
export function decodeDefinition(record: Pick<NewRecord, 'value'>, known?: StreamDefinition): StreamDefinition | null {
  const stored = record.value === null ? null : parseStored(decoder.decode(record.value));
  if (stored === null) return null;
  const { sha256, file, text } = stored;
  if (known?.sha256 === sha256 && known.text === text) return known;
  const parsed = parseStreamFile(text, { file });
  if (!parsed.ok) throw new RangeError(`this version cannot read ${file}:\n${formatProblems(file, parsed.problems)}`);
  if (parsed.definition.sha256 !== sha256) {
    throw new RangeError(`${file} means something else to this version than to the one that has put it live`);
  }
  return parsed.definition;
}

function parseStored(text: string): { readonly sha256: string; readonly file: string; readonly text: string } | null {
  try {
    const stored = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const { sha256, file, text: content } = stored;
    if (typeof sha256 !== 'string' || typeof file !== 'string' || typeof content !== 'string') return null;
    return { sha256, file, text: content };
  } catch {
    return null; // not JSON, or not an object: nobody's definition
  }
}
