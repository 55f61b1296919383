import type { SinkDefinition, StreamDefinition } from '@tillstream/contracts';
import { bytesSetting, durationSetting, keptName, readSinkSettings, sinkProblem } from '@tillstream/contracts';
import type { OpenedSink, SinkEnvironment, SinkKind } from '@tillstream/engine';
import { addressOf } from '@tillstream/engine';
import { z } from 'zod';
import { Connections } from './connections';
import { readAddress } from './postgres-address';
import { PostgresSink } from './postgres-sink';

const MINUTE_MS = 60_000;
const MiB = 1024 ** 2;
/** What PostgreSQL keeps, of a name. */
const NAME_BYTES = 63;

const settings = z.strictObject({
  schema: z
    .string()
    .min(1)
    .refine((name) => Buffer.byteLength(name) <= NAME_BYTES, `must have at most ${NAME_BYTES} bytes`)
    .optional(), // the stream's name
  connections: z.int().min(1).max(64).default(4),
  timeout: durationSetting(100, 10 * MINUTE_MS).prefault('30s'),
  flush: z
    .strictObject({
      rows: z.int().min(1).max(1_000_000).default(10_000),
      bytes: bytesSetting(1_024, 512 * MiB).prefault('8MiB'),
      every: durationSetting(10, 10 * MINUTE_MS).prefault('1s'),
    })
    .prefault({}),
});

/** Tables of a PostgreSQL database, or of one that speaks as it does. */
export const postgresSinkKind: SinkKind = { type: 'postgres', open };

function open(sink: SinkDefinition, definition: StreamDefinition, environment: SinkEnvironment): OpenedSink {
  const read = readSinkSettings(sink, settings);
  const variables = `TILLSTREAM_SINK_${sink.name.toUpperCase().replaceAll('-', '_')}_`;
  const where = addressOf(sink, environment);
  const address = where === null ? null : readAddress(where);
  const problem =
    address === null
      ? `is missing: say postgres://host:5432/database here or in ${variables}WHERE`
      : address.ok
        ? null
        : address.problem;
  const problems = [
    ...(read.ok ? [] : read.problems),
    ...(problem === null ? [] : [sinkProblem(sink, ['where'], problem)]),
  ];
  if (!read.ok || address === null || !address.ok) return { ok: false, problems };
  const { schema = keptName(definition), connections, timeout, flush } = read.settings;
  const { host, port, database } = address.address;
  const opened = new Connections({
    to: address.address,
    address: `postgres://${host}:${port}/${database}`,
    user: environment.variables['USER'] ?? null,
    password: environment.variables['PASSWORD'] ?? null,
    ...{ variables, connections, timeoutMs: timeout },
    applicationName: `tillstream ${definition.schema.stream} ${sink.name}`,
  });
  const bounds = { rows: flush.rows, bytes: flush.bytes, ageMs: flush.every };
  return {
    ok: true,
    sink: new PostgresSink(opened, definition, { name: sink.name, schema, bounds, log: environment.log }),
  };
}
