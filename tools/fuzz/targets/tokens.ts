import { GrpcStatusError } from '@tillstream/nest-runtime';

import {
  decodePageToken,
  decodeResumeToken,
  encodePageToken,
  encodeResumeToken,
  questionDigest,
} from '../../../apps/query-api/src/grpc/tokens';
import { expectSame, type FuzzTarget, unlessRefused } from '../fuzz-target';

const PARTITIONS = 3;
const METRIC = 'm@abc';
const INVALID_ARGUMENT = 3;
const question = questionDigest('commerce', 'm', { a: 1 });

const isRefusal = (error: unknown): boolean =>
  error instanceof GrpcStatusError && (error.code as number) === INVALID_ARGUMENT;

function run(input: Uint8Array): void {
  // Once as the text that a caller sends, once as what such a text would say.
  for (const token of [Buffer.from(input).toString('utf8'), Buffer.from(input).toString('base64url')]) {
    const end = unlessRefused(isRefusal, () => decodePageToken(question, token));
    if (end !== undefined && end !== null)
      expectSame('page token', decodePageToken(question, encodePageToken(question, end)), end);
    const positions = unlessRefused(isRefusal, () => decodeResumeToken(question, METRIC, PARTITIONS, token));
    if (positions === undefined || positions === null) continue;
    const written = encodeResumeToken(question, METRIC, positions);
    expectSame('resume token', decodeResumeToken(question, METRIC, PARTITIONS, written), positions);
    expectSame(
      'a position before the log',
      positions.some((position) => position < 0),
      false,
    );
  }
}

export const target: FuzzTarget = {
  name: 'tokens',
  about: 'page and resume tokens of the query service: refused by INVALID_ARGUMENT, or places that stay what they are',
  maxBytes: 256,
  dictionary: [question, METRIC, '["', '",', '1e999', '-1', 'null', '[]'],
  seeds: () =>
    [
      encodePageToken(question, { startMs: 1_772_355_600_000, group: '{"c":"x"}' }),
      encodeResumeToken(question, METRIC, [1, 2, 3]),
      JSON.stringify([question, 5, 'g']),
      JSON.stringify([question, METRIC, 4, 5, 6]),
    ].map((text) => Buffer.from(text)),
  run,
};
