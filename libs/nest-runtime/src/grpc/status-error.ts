import type { status } from '@grpc/grpc-js';
import { Metadata } from '@grpc/grpc-js';

/** What a handler throws to end its call with a status. Anything else that is thrown becomes INTERNAL, without its text. */
export class GrpcStatusError extends Error {
  override readonly name = 'GrpcStatusError';
  readonly details: string;

  /** @param metadata trailers, see `retryTrailers` */
  constructor(
    readonly code: status,
    message: string,
    readonly metadata: Metadata = new Metadata(),
  ) {
    super(message);
    this.details = message;
  }
}

/**
 * Trailers that tell a client when to try again: `google.rpc.RetryInfo` for those who read rich errors, and
 * `grpc-retry-pushback-ms` for the retry policies built into gRPC clients.
 */
export function retryTrailers(code: status, message: string, retryAfterMs: number): Metadata {
  const metadata = new Metadata();
  metadata.set('grpc-retry-pushback-ms', String(Math.ceil(retryAfterMs)));
  metadata.set('grpc-status-details-bin', encodeRichStatus(code, message, retryAfterMs));
  return metadata;
}

/** google.rpc.Status{code = 1, message = 2, details = 3: Any{type_url = 1, value = 2: RetryInfo{retry_delay = 1}}}. */
function encodeRichStatus(code: status, message: string, retryAfterMs: number): Buffer {
  const duration = Buffer.concat([
    varintField(1, Math.floor(retryAfterMs / 1000)),
    varintField(2, Math.round((retryAfterMs % 1000) * 1e6)),
  ]);
  const any = Buffer.concat([
    bytesField(1, Buffer.from('type.googleapis.com/google.rpc.RetryInfo')),
    bytesField(2, bytesField(1, duration)),
  ]);
  return Buffer.concat([varintField(1, code), bytesField(2, Buffer.from(message)), bytesField(3, any)]);
}

function varintField(field: number, value: number): Buffer {
  return Buffer.from([(field << 3) | 0, ...varint(value)]);
}

function bytesField(field: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(value.length)]), value]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return bytes;
}
