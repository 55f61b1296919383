import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import type { BrotliDecompress, Gunzip, ZstdDecompress } from 'node:zlib';
import type { Readable } from 'node:stream';
import type { Reservation } from '../ingest/byte-budget';
import type { BodyEncoding } from './body-content';

/** Why a body was not read to its end. */
export type BodyProblem = 'too-large' | 'no-room' | 'malformed-encoding' | 'aborted';

export type ReadBody =
  { readonly kind: 'read'; readonly bytes: Uint8Array } | { readonly kind: 'refused'; readonly problem: BodyProblem };

const CHUNK_BYTES = 64 * 1024;
/** 8 MiB: what decoding within our bounds can need. Without it, a few bytes can ask the decoder for 128 MiB. */
const ZSTD_WINDOW_LOG_MAX = 23;

/**
 * Reads and decodes a body. Stops at the first byte beyond `maxBytes`, decoded or not: what a bomb would become is never in
 * memory. `reservation` covers what is kept. Never rejects; the rest of a refused body is left unread in `source`.
 */
export function readBody(
  source: Readable,
  encoding: BodyEncoding,
  maxBytes: number,
  reservation: Reservation,
): Promise<ReadBody> {
  const decoder = createDecoder(encoding);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let received = 0;
    let kept = 0;

    const finish = (result: ReadBody): void => {
      source.off('data', receive).off('end', end).off('error', abort).off('close', abort);
      source.pause();
      decoder?.destroy();
      resolve(result);
    };
    const refuse = (problem: BodyProblem): void => finish({ kind: 'refused', problem });
    const abort = (): void => refuse('aborted');
    const keep = (chunk: Buffer): void => {
      kept += chunk.length;
      if (kept > maxBytes) return refuse('too-large');
      if (!reservation.ensure(kept)) return refuse('no-room');
      chunks.push(chunk);
    };
    const complete = (): void => {
      // What follows the end of a frame would be lost without a word.
      if (decoder !== null && decoder.bytesWritten !== received) return refuse('malformed-encoding');
      finish({ kind: 'read', bytes: concat(chunks, kept) });
    };
    const receive = (chunk: Buffer): void => {
      received += chunk.length;
      if (received > maxBytes) return refuse('too-large');
      if (decoder === null) return keep(chunk);
      if (!decoder.write(chunk)) source.pause();
    };
    const end = (): void => {
      source.off('close', abort);
      if (decoder === null) complete();
      else decoder.end();
    };

    decoder?.on('data', keep);
    decoder?.on('drain', () => source.resume());
    decoder?.on('end', complete);
    decoder?.on('error', () => refuse('malformed-encoding'));
    source.on('data', receive).on('end', end).on('error', abort).on('close', abort);
  });
}

function concat(chunks: readonly Buffer[], bytes: number): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
}

function createDecoder(encoding: BodyEncoding): Gunzip | BrotliDecompress | ZstdDecompress | null {
  switch (encoding) {
    case 'identity':
      return null;
    case 'gzip':
      return createGunzip({ chunkSize: CHUNK_BYTES });
    case 'br':
      return createBrotliDecompress({ chunkSize: CHUNK_BYTES });
    case 'zstd':
      return createZstdDecompress({
        chunkSize: CHUNK_BYTES,
        params: { [constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG_MAX },
      });
  }
}
