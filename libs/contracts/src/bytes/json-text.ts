import type { ByteWriter } from './byte-writer';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Writes UTF-8 text source[from, to) as a JSON string. The bytes must be valid UTF-8; they are copied as they are. */
export function writeJsonUtf8(writer: ByteWriter, source: Uint8Array, from: number, to: number): void {
  writer.byte(QUOTE);
  let plain = from;
  for (let i = from; i < to; i++) {
    const byte = source[i] as number;
    if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) continue;
    writer.range(source, plain, i);
    writer.ascii(escapeOf(byte));
    plain = i + 1;
  }
  writer.range(source, plain, to);
  writer.byte(QUOTE);
}

/** The escape that JSON.stringify writes for a byte. */
function escapeOf(byte: number): string {
  return JSON.stringify(String.fromCharCode(byte)).slice(1, -1);
}

/** Writes text as a JSON string, the same bytes as JSON.stringify. */
export function writeJsonText(writer: ByteWriter, text: string): void {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e || code === QUOTE || code === BACKSLASH) {
      writer.utf8(JSON.stringify(text));
      return;
    }
  }
  writer.byte(QUOTE);
  writer.ascii(text);
  writer.byte(QUOTE);
}
