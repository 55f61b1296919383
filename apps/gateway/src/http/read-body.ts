import { constants, createBrotliDecompress, createGunzip, createZstdDecompress } from 'node:zlib';
import type { BrotliDecompress, Gunzip, ZstdDecompress } from 'node:zlib';
import type { Readable } from 'node:stream';
import type { BufferPool } from '@tillstream/core';
import type { Reservation } from '../ingest/byte-budget';
import { freeMemory } from '../ingest/free-memory';
import type { BodyEncoding } from './body-content';

/** Why a body was not read to its end. */
export type BodyProblem = 'too-large' | 'no-room' | 'malformed-encoding' | 'aborted';

export type ReadBody =
  | {
      readonly kind: 'read';
      readonly bytes: Uint8Array;
      /** To be called once the bytes are not needed any more. */
      readonly discard: () => void;
    }
  | { readonly kind: 'refused'; readonly problem: BodyProblem };

export interface ReadBodyOptions {
  readonly encoding: BodyEncoding;
  /** Of the body, decoded or not. */
  readonly maxBytes: number;
  /** Covers what is kept. */
  readonly reservation: Reservation;
  /** Where whole bodies are put together. */
  readonly pool: BufferPool;
}

const CHUNK_BYTES = 64 * 1024;
/** 8 MiB: what decoding within our bounds can need. Without it, a few bytes can ask the decoder for 128 MiB. */
const ZSTD_WINDOW_LOG_MAX = 23;

/**
 * Reads and decodes a body. Stops at the first byte beyond `maxBytes`, decoded or not: what a bomb would become is never in
 * memory. Never rejects; the rest of a refused body is left unread in `source`.
 *
 * @param source whose chunks are ours alone: their memory is freed as soon as they have been put together
 */
export function readBody(
  source: Readable,
  { encoding, maxBytes, reservation, pool }: ReadBodyOptions,
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
      finish(wholeOf(chunks, kept, pool));
      if (decoder === null && chunks.length > 1) chunks.forEach(freeMemory);
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

function wholeOf(chunks: readonly Buffer[], length: number, pool: BufferPool): ReadBody {
  const [only] = chunks;
  if (chunks.length === 1 && only !== undefined) return { kind: 'read', bytes: only, discard: () => {} };
  const bytes = pool.take(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return { kind: 'read', bytes, discard: () => pool.give(bytes) };
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
