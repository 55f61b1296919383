import type { ByteWriter } from './byte-writer';

const QUOTE = 0x22;

/** Writes UTF-8 text source[from, to) as a JSON string. The bytes must be valid UTF-8; they are copied as they are. */
export function writeJsonUtf8(writer: ByteWriter, source: Uint8Array, from: number, to: number): void {
  writer.byte(QUOTE);
  for (let i = writer.plainText(source, from, to); i < to; i = writer.plainText(source, i + 1, to)) {
    writer.ascii(escapeOf(source[i] as number));
  }
  writer.byte(QUOTE);
}

/** The escape that JSON.stringify writes for a byte. */
function escapeOf(byte: number): string {
  return JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
}

/** Writes text as a JSON string, the same bytes as JSON.stringify. */
export function writeJsonText(writer: ByteWriter, text: string): void {
  if (!writer.plainJson(text)) writer.utf8(JSON.stringify(text));
}
