import { Metadata, type MethodDefinition, status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  type PublishRequest,
  type PublishResponse,
} from '@tillstream/contracts';

import { GrpcIngest } from '../../../apps/gateway/src/grpc/grpc-ingest';
import { INGEST_SERVICE } from '../../../apps/gateway/src/grpc/ingest-service';
import { expectSame, type FuzzTarget, promise } from '../fuzz-target';

import { JSON_WORDS, rowTexts } from './commerce';
import { GatewayEdge, KEY, LIMITS } from './gateway-edge';

const CODES: readonly number[] = [status.OK, status.INVALID_ARGUMENT, status.NOT_FOUND];

const service = loadSync(PROTO_FILES.ingest, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] })[
  INGEST_SERVICE
] as unknown as {
  readonly Publish: MethodDefinition<PublishRequest, PublishResponse>;
};
const { requestDeserialize, requestSerialize, responseSerialize, responseDeserialize } = service.Publish;
const gateway = new GatewayEdge();
const ingest = new GrpcIngest(gateway.edge, LIMITS);
const metadata = new Metadata();
metadata.set('authorization', `Bearer ${KEY}`);

async function run(input: Uint8Array): Promise<void> {
  let request: PublishRequest;
  try {
    request = requestDeserialize(Buffer.from(input));
  } catch {
    return; // the server answers INTERNAL to what is not Protobuf
  }
  gateway.begin();
  // As the interceptor does when the first bytes have come.
  const share = ingest.lane?.reserve(input.length) ?? null;
  if (share === null) throw new Error('there is no room for anything any more');
  ingest.arrived(request, share);
  const response = await ingest.publish(request, metadata);
  promise(CODES.includes(response.code), `the code is ${response.code}`);
  gateway.check(response.accepted);
  expectSame('what the client reads', responseDeserialize(responseSerialize(response)), response);
}

function seeds(): Uint8Array[] {
  const rows = rowTexts(6, 5);
  const json = {
    stream: 'commerce',
    payload: Buffer.from(`[${rows.join(',')}]`),
    contentType: '',
    idempotencyKey: 'again',
  };
  const lines = {
    ...json,
    payload: Buffer.from(rows.join('\n')),
    contentType: 'application/x-ndjson',
    idempotencyKey: '',
  };
  return [json, lines, { ...json, stream: 'other' }, { ...json, payload: Buffer.alloc(0) }].map(requestSerialize);
}

export const target: FuzzTarget = {
  name: 'grpc-payload',
  about: 'messages of Publish: an answer that can be sent, with as many rows in the log as it says',
  maxBytes: 2_048,
  maxAllocatedBytes: 4 * 1024 * 1024,
  dictionary: [
    ...JSON_WORDS,
    'commerce',
    'application/json',
    'application/x-ndjson',
    '\x0a\x08',
    '\x12',
    '\x1a',
    '\x22',
  ],
  seeds,
  run,
};
