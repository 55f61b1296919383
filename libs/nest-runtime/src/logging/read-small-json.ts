/** More is not read of it. */
const MAX_BYTES = 1024;

/** A small JSON body that nobody has parsed, as where bodies are let through. Undefined: it is none. */
export async function readSmallJson(body: AsyncIterable<Buffer | string>): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const buffer = Buffer.from(chunk as Buffer);
    bytes += buffer.length;
    if (bytes > MAX_BYTES) return undefined;
    chunks.push(buffer);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    return undefined; // the answer says what it should have been
  }
}
