import { status } from '@grpc/grpc-js';
import { GrpcStatusError } from '@tillstream/nest-runtime';

/** The request cannot be answered as it is; the message says what would be right. */
export const invalid = (message: string): GrpcStatusError => new GrpcStatusError(status.INVALID_ARGUMENT, message);

/** `a, b and c`, for messages. */
export function listed(names: readonly string[]): string {
  if (names.length === 0) return 'none';
  if (names.length === 1) return names[0]!;
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)!}`;
}
