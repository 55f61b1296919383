import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import {
  brotliCompressSync,
  brotliDecompressSync,
  constants,
  gunzipSync,
  gzipSync,
  zstdCompressSync,
  zstdDecompressSync,
} from 'node:zlib';

import { bodyEncodingOf, type BodyEncoding } from '../../../apps/gateway/src/http/body-content';
import { HttpIngest } from '../../../apps/gateway/src/http/http-ingest';
import { readBody } from '../../../apps/gateway/src/http/read-body';
import { expectSame, type FuzzTarget, promise } from '../fuzz-target';

import { JSON_WORDS, rowTexts } from './commerce';
import { GatewayEdge, KEY, LIMITS, MAX_BODY_BYTES } from './gateway-edge';

const LINE_FEED = 0x0a;
const HONEST = 1;
const STATUSES = [202, 400, 401, 413, 415];
const BOUND = { maxOutputLength: 16 * MAX_BODY_BYTES };

type Codec = (bytes: Uint8Array) => Uint8Array;
const COMPRESS: Readonly<Record<BodyEncoding, Codec>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gzipSync(bytes),
  br: (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  zstd: (bytes) => zstdCompressSync(bytes),
};
const DECOMPRESS: Readonly<Record<BodyEncoding, Codec>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gunzipSync(bytes, BOUND),
  br: (bytes) => brotliDecompressSync(bytes, BOUND),
  zstd: (bytes) => zstdDecompressSync(bytes, BOUND),
};

const gateway = new GatewayEdge();
const ingest = new HttpIngest(gateway.edge, LIMITS);

/** `content type LF content encoding LF flags body`: by the flags the body is compressed as it says, and cut in pieces. */
async function run(input: Uint8Array): Promise<void> {
  const first = input.indexOf(LINE_FEED);
  const second = input.indexOf(LINE_FEED, first + 1);
  if (first < 0 || second < 0) return;
  const type = Buffer.from(input.subarray(0, first)).toString('latin1');
  const coding = Buffer.from(input.subarray(first + 1, second)).toString('latin1');
  const flags = input[second + 1] ?? 0;
  const given = input.subarray(second + 2);
  const encoding = bodyEncodingOf(coding);
  const honest = (flags & HONEST) !== 0 && encoding !== null;
  const body = honest ? COMPRESS[encoding](given) : given;
  const pieceBytes = 1 + (flags >> 1);

  if (encoding !== null) await checkReading(body, encoding, pieceBytes, honest ? given : null);
  gateway.begin();
  const headers = { 'content-type': type, 'content-encoding': coding, authorization: `Bearer ${KEY}` };
  const request = Object.assign(inPieces(body, pieceBytes), { headers }) as unknown as IncomingMessage;
  const answer = await ingest.handle(request, 'commerce', () => undefined);
  promise(answer !== null && STATUSES.includes(answer.status), `the answer is ${JSON.stringify(answer)}`);
  gateway.check((JSON.parse(answer?.body ?? '{}') as { accepted?: number }).accepted ?? 0);
}

async function checkReading(
  body: Uint8Array,
  encoding: BodyEncoding,
  pieceBytes: number,
  sent: Uint8Array | null,
): Promise<void> {
  const reservation = gateway.edge.budget.reserve(0);
  if (reservation === null) throw new Error('there is no room in an empty gateway');
  const { pool } = gateway.edge;
  const options = { encoding, maxBytes: MAX_BODY_BYTES, reservation, pool };
  const read = await readBody(inPieces(body, pieceBytes), options);
  reservation.release();
  if (read.kind === 'read') {
    promise(read.bytes.length <= MAX_BODY_BYTES, `${read.bytes.length} bytes are read`);
    expectSame('the body', Buffer.from(read.bytes), Buffer.from(DECOMPRESS[encoding](body)));
  }
  if (sent !== null) expectSame('a sound body', read.kind === 'read' && Buffer.from(read.bytes), Buffer.from(sent));
}

function inPieces(bytes: Uint8Array, size: number): Readable {
  const pieces = function* (): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  };
  return Readable.from(pieces(), { objectMode: false });
}

function seeds(): Uint8Array[] {
  const rows = rowTexts(6, 4);
  const head = (type: string, coding: string, flags: number): Buffer =>
    Buffer.from(`${type}\n${coding}\n${String.fromCharCode(flags)}`, 'latin1');
  const json = Buffer.from(`[${rows.slice(0, 3).join(',')}]`);
  const codings = Object.keys(COMPRESS) as BodyEncoding[];
  const bomb = Buffer.alloc(4 * MAX_BODY_BYTES, 0x20);
  return [
    ...codings.map((coding) => Buffer.concat([head('application/json', coding, 255), json])),
    ...codings.map((coding) =>
      Buffer.concat([
        head('application/x-ndjson; charset=utf-8', coding, 254),
        COMPRESS[coding](Buffer.from(rows.join('\n'))),
      ]),
    ),
    ...codings.slice(1).map((coding) => Buffer.concat([head('text/json', coding, 200), COMPRESS[coding](bomb)])),
    Buffer.concat([head('application/json', 'gzip', 30), gzipSync(json), gzipSync(json)]),
  ];
}

export const target: FuzzTarget = {
  name: 'http-body',
  about:
    'bodies over HTTP in every coding and cut: an answer, the bytes that were sent, and no memory that stays taken',
  maxBytes: 2_048,
  maxAllocatedBytes: 4 * 1024 * 1024,
  dictionary: [
    ...JSON_WORDS.slice(0, 20),
    'application/json',
    'application/x-ndjson',
    'charset="utf-8"',
    ';',
    'gzip',
    'br',
    'zstd',
    'x-gzip',
  ],
  seeds,
  run,
};
