import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The protos of the public face and of the topics, by what they are for. Paths are relative to `protoRoot()`. */
export const PROTO_FILES = {
  ingest: 'tillstream/ingest/v1/ingest.proto',
  query: 'tillstream/query/v1/query.proto',
  sessions: 'tillstream/sessions/v1/sessions.proto',
  parts: 'tillstream/parts/v1/parts.proto',
} as const;

/**
 * How messages look in JavaScript when the protos are loaded at run time, in servers and clients alike: lowerCamelCase,
 * 64-bit integers as text, enums as numbers, absent scalars as their default, and for each oneof the name of the member
 * that is set. The interfaces in this library are written for these options.
 */
export const PROTO_LOADER_OPTIONS = {
  keepCase: false,
  longs: String,
  enums: Number,
  defaults: true,
  oneofs: true,
} as const;

/**
 * Directory of the protos, from which they import each other: `TILLSTREAM_PROTO_ROOT` where it is set, else the sources'
 * own, else `dist/proto` beside the bundle `dist/apps/<app>/main.js` that this code has become part of.
 *
 * @throws Error naming the places looked at when none has them
 */
// eslint-disable-next-line no-restricted-syntax -- where this installation keeps its files is no setting of a service
export function protoRoot(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const set = environment['TILLSTREAM_PROTO_ROOT'];
  const candidates = set === undefined || set === '' ? [FROM_SOURCE, FROM_BUNDLE] : [set];
  const found = candidates.find((directory) => existsSync(join(directory, PROTO_FILES.ingest)));
  if (found === undefined) throw new Error(`the proto files are not in ${candidates.join(' or ')}`);
  return found;
}

const FROM_SOURCE = join(__dirname, '..', '..', '..', 'contracts', 'proto');
const FROM_BUNDLE = join(__dirname, '..', '..', 'proto');

/** Absolute path of a proto file. */
export function protoPath(name: keyof typeof PROTO_FILES): string {
  return join(protoRoot(), PROTO_FILES[name]);
}
