import { PassThrough, Readable } from 'node:stream';
import { brotliCompressSync, constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { BufferPool } from '@tillstream/core';
import { ByteBudget } from '../ingest/byte-budget';
import type { BodyEncoding } from './body-content';
import { readBody } from './read-body';

const LIMIT = 100_000;
const compress: Record<BodyEncoding, (bytes: Buffer) => Buffer> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (bytes) => zstdCompressSync(bytes),
};
const encodings = Object.keys(compress) as BodyEncoding[];
/** Does not compress to nothing, so that cuts fall inside. */
const text = Buffer.from(Array.from({ length: 5000 }, (_, i) => `${i * 7919}`).join('\n'));

async function read(source: Readable, encoding: BodyEncoding, budgetBytes = 10 * LIMIT) {
  const budget = new ByteBudget(budgetBytes, budgetBytes);
  const reservation = budget.http.reserve(0)!;
  const result = await readBody(source, { encoding, maxBytes: LIMIT, reservation, pool: new BufferPool(0) });
  return { result, reserved: budget.inFlight };
}

const inPieces = (bytes: Buffer, size: number): Readable =>
  Readable.from(
    (function* () {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
    })(),
    { objectMode: false },
  );

describe.each(encodings)('a body in %s', (encoding) => {
  it.each([1 << 20, 997, 1])('is read whole, in pieces of %i bytes', async (size) => {
    const { result, reserved } = await read(inPieces(compress[encoding](text), size), encoding);
    expect(result.kind === 'read' && Buffer.from(result.bytes).equals(text)).toBe(true);
    expect(reserved).toBe(text.length);
  });

  it('is read up to the limit and not a byte further', async () => {
    const most = await read(Readable.from([compress[encoding](Buffer.alloc(LIMIT))], { objectMode: false }), encoding);
    expect(most.result.kind).toBe('read');
    const more = await read(
      Readable.from([compress[encoding](Buffer.alloc(LIMIT + 1))], { objectMode: false }),
      encoding,
    );
    expect(more.result).toEqual({ kind: 'refused', problem: 'too-large' });
  });

  it('is refused as soon as there is no room for it', async () => {
    const { result } = await read(inPieces(compress[encoding](text), 1000), encoding, 10_000);
    expect(result).toEqual({ kind: 'refused', problem: 'no-room' });
  });

  it('is given up when its sender goes', async () => {
    const source = new PassThrough();
    source.write(compress[encoding](text).subarray(0, 100));
    const reading = read(source, encoding);
    source.destroy();
    expect((await reading).result).toEqual({ kind: 'refused', problem: 'aborted' });
  });
});

describe.each(['gzip', 'br', 'zstd'] as const)('an encoded body in %s', (encoding) => {
  const whole = compress[encoding](text);

  it.each([1, 10, whole.length >> 1, whole.length - 1])('that lacks %i bytes is refused, not cut', async (missing) => {
    const { result } = await read(inPieces(whole.subarray(0, whole.length - missing), 500), encoding);
    expect(result).toEqual({ kind: 'refused', problem: 'malformed-encoding' });
  });

  it('that is something else is refused', async () => {
    const { result } = await read(Readable.from([Buffer.from('{"a":1}')], { objectMode: false }), encoding);
    expect(result).toEqual({ kind: 'refused', problem: 'malformed-encoding' });
  });

  it('that is empty is refused', async () => {
    const { result } = await read(Readable.from([], { objectMode: false }), encoding);
    expect(result).toEqual({ kind: 'refused', problem: 'malformed-encoding' });
  });

  it.each([1 << 20, whole.length, 500])(
    'with a second one behind it loses nothing without a word, in pieces of %i',
    async (size) => {
      const { result } = await read(inPieces(Buffer.concat([whole, whole]), size), encoding);
      if (result.kind === 'read') expect(Buffer.from(result.bytes).equals(Buffer.concat([text, text]))).toBe(true);
      else expect(result.problem).toBe('malformed-encoding');
    },
  );

  it('that is a bomb is refused before it has gone off', async () => {
    const bomb = compress[encoding](Buffer.alloc(64 * 1024 * 1024));
    const { result, reserved } = await read(inPieces(bomb, 16 * 1024), encoding);
    expect(result).toEqual({ kind: 'refused', problem: 'too-large' });
    expect(reserved).toBeLessThanOrEqual(LIMIT);
  });
});

it.each([
  [23, 'read'],
  [27, 'refused'],
])('decides by the window that a zstd frame asks memory for: 2^%i bytes is %s', async (windowLog, kind) => {
  // Magic, a header without content size, the window's exponent, and one raw block that is the last.
  const frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, (windowLog - 10) << 3, (5 << 3) | 1, 0, 0, ...Buffer.from('hello')];
  const { result } = await read(Readable.from([Buffer.from(frame)], { objectMode: false }), 'zstd');
  expect(result.kind).toBe(kind);
});
