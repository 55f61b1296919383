import {
  bytesSetting,
  durationSetting,
  readSinkSettings,
  sinkProblem,
  type SinkDefinition,
  type StreamDefinition,
  type StreamFileProblem,
} from '@tillstream/contracts';
import { z } from 'zod';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** What a stream file can say of the lake beside where it is and what goes there. */
const SETTINGS = z.strictObject({
  /** Files of events are kept apart by their day, and by one field besides. */
  partitionBy: z.array(z.string()).default(['date']),
  /** A file is written when one of these is reached. */
  roll: z
    .strictObject({
      every: durationSetting(100, HOUR_MS).prefault('1m'),
      rows: z.number().int().min(1).max(10_000_000).default(1_000_000),
      bytes: bytesSetting(64 * 1024, 4 * GIB).prefault('64MiB'),
    })
    .prefault({}),
  /** Half of it for rows that wait, half for writing and reading files. */
  memory: bytesSetting(64 * MIB, 256 * GIB).prefault('512MiB'),
  threads: z.number().int().min(1).max(64).default(2),
  /** Days older than this are removed; null: none. */
  retention: durationSetting(DAY_MS, 36_500 * DAY_MS)
    .nullish()
    .default(null),
});

export type LakeSettings = Omit<z.output<typeof SETTINGS>, 'partitionBy'> & {
  /** Besides the day: a field of events. */
  readonly partitionField: string | null;
};

export type ReadLakeSettings =
  | { readonly ok: true; readonly settings: LakeSettings }
  | { readonly ok: false; readonly problems: readonly StreamFileProblem[] };

/** The settings of a lake, or what is wrong with them, at their places in the stream file. */
export function lakeSettings(sink: SinkDefinition, { schema }: Pick<StreamDefinition, 'schema'>): ReadLakeSettings {
  const read = readSinkSettings(sink, SETTINGS);
  if (!read.ok) return read;
  const { partitionBy, ...settings } = read.settings;
  const wrong = (message: string): ReadLakeSettings => ({
    ok: false,
    problems: [sinkProblem(sink, ['partitionBy'], message)],
  });
  const [day, name = null, ...more] = partitionBy;
  if (day !== 'date' || more.length > 0) {
    return wrong('must be [date] or [date, FIELD]: days always keep files apart, and one field may');
  }
  if (name !== null) {
    const field = schema.fields.find((candidate) => candidate.name === name);
    if (field === undefined) return wrong(`there is no field ${name} to keep files apart by`);
    if (!['string', 'int', 'bool'].includes(field.type)) {
      return wrong(
        `${name} is of the type ${field.type}; files can be kept apart by a field of the type string, int or bool`,
      );
    }
  }
  return { ok: true, settings: { ...settings, partitionField: name } };
}
