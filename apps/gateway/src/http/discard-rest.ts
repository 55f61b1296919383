import type { IncomingMessage } from 'node:http';

const MAX_DISCARDED_BYTES = 16 * 1024 * 1024;
const MAX_DISCARD_MS = 2000;

/**
 * After an answer that did not wait for the whole body: takes what is still coming and throws it away, within bounds, then
 * cuts the connection. Cut at once, the client would often see a broken connection instead of the answer, because it is still
 * writing; read to the end, a client could keep us busy for ever.
 */
export function discardRest(request: IncomingMessage): void {
  if (request.complete || request.destroyed) return;
  let discarded = 0;
  const timer = setTimeout(() => request.destroy(), MAX_DISCARD_MS).unref();
  request.on('data', (chunk: Buffer) => {
    discarded += chunk.length;
    if (discarded > MAX_DISCARDED_BYTES) request.destroy();
  });
  request.on('error', () => {}); // the connection is being given up
  request.once('close', () => clearTimeout(timer));
  request.once('end', () => clearTimeout(timer));
  request.resume();
}
