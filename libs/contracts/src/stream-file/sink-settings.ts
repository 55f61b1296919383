import { z } from 'zod';
import { parseDuration } from './duration';
import { didYouMean } from './nearest-name';
import type { StreamFileProblem } from './problem';
import type { SinkDefinition } from './sink-definition';

export type ReadSettings<T> =
  { readonly ok: true; readonly settings: T } | { readonly ok: false; readonly problems: readonly StreamFileProblem[] };

const UNIT_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** A span of time in a sink's settings, `10s`, as milliseconds. */
export function durationSetting(minMs: number, maxMs: number) {
  return z
    .unknown()
    .transform((value) => (typeof value === 'string' ? parseDuration(value) : null))
    .refine((ms) => ms !== null, { error: 'must be a span of time such as 500ms, 10s, 5m, 24h or 7d', abort: true })
    .transform((ms) => ms ?? 0)
    .refine((ms) => ms >= minMs && ms <= maxMs, `must be from ${minMs} to ${maxMs} ms`);
}

/** An amount of bytes in a sink's settings, `5MiB` or a plain number. */
export function bytesSetting(min: number, max: number) {
  return z
    .unknown()
    .transform(parseBytes)
    .refine((bytes) => bytes !== null, { error: 'must be an amount such as 512KiB, 5MiB or 1GiB', abort: true })
    .transform((bytes) => bytes ?? 0)
    .refine((bytes) => bytes >= min && bytes <= max, `must be from ${min} to ${max} bytes`);
}

function parseBytes(value: unknown): number | null {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : null;
  const match = typeof value === 'string' ? /^(\d{1,9})(B|KiB|MiB|GiB)$/.exec(value) : null;
  return match === null ? null : Number(match[1]) * UNIT_BYTES[match[2] as keyof typeof UNIT_BYTES];
}

/**
 * What only a store of its type knows of a sink: checked, or everything that is wrong with it, at its place in the file.
 *
 * @param schema strict, as the objects in it: an unknown key is a mistake
 */
export function readSinkSettings<T extends z.ZodObject>(sink: SinkDefinition, schema: T): ReadSettings<z.output<T>> {
  const { success, data, error } = schema.safeParse(sink.settings);
  if (success) return { ok: true, settings: data };
  const problems = error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return sinkProblem(sink, path, issue.message);
    return issue.keys.map((key) => sinkProblem(sink, [...path, key], unknownKey(key, keysAt(schema, path))));
  });
  return { ok: false, problems };
}

/** A problem at a setting, or where that does not stand in the file at what holds it, at last the sink itself. */
export function sinkProblem(
  { name, type, places }: Pick<SinkDefinition, 'name' | 'type' | 'places'>,
  path: readonly string[],
  message: string,
): StreamFileProblem {
  let held = path.length;
  while (held > 0 && !places.has(path.slice(0, held).join('.'))) held--;
  const { line, column } = places.get(path.slice(0, held).join('.')) ?? { line: 1, column: 1 };
  const section = type === 'lake' ? [name] : ['sinks', name];
  return { line, column, path: [...section, ...path].join('.'), message };
}

function unknownKey(key: string, known: readonly string[]): string {
  return `unknown key: ${didYouMean(key, known)}`;
}

/** The keys that a schema knows at a path. */
function keysAt(schema: z.ZodObject, path: readonly string[]): readonly string[] {
  let at: unknown = schema;
  for (const step of path) {
    const held: unknown = at instanceof z.ZodObject ? at.shape[step] : undefined;
    at = inner(held);
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

function inner(schema: unknown): unknown {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapped ? inner(schema.unwrap()) : schema;
}
