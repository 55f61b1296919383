import type { FieldType } from '@tillstream/core';
import { feedsOf } from '../feeds/feed-tables';
import type { MapEntry, Value } from './document';
import { didYouMean, nearestName } from './nearest-name';
import { plainSetting } from './plain-setting';
import type { Places } from './plain-setting';
import type { SinkDefinition, SinkFeed, SinkType } from './sink-definition';
import { SINK_TYPES } from './sink-definition';
import { readSinkFeeds, wholeFeed } from './sink-feeds';
import type { StreamDefinition } from './stream-definition';

/** The lake's name among the sinks. */
export const LAKE = 'lake';

/** What its data is divided by, where nothing is said. */
const DATE = 'date';
const PARTITION_TYPES: readonly FieldType[] = ['string', 'int', 'bool'];
const DECLARED_TYPES = SINK_TYPES.filter((type) => type !== LAKE);
/** Keys of somebody who is about to write a secret into a file that many read. */
const SECRET = /password|passwd|secret|token|credential|access.?key|api.?key|^user(name)?$/i;

/**
 * Reads `lake:`, which is there unless it is `off`, and `sinks:`. Problems are reported; what has one may be missing.
 *
 * @param definition of the stream, but for its sinks
 */
export function readSinks(
  lake: Value | null,
  sinks: Value | null,
  definition: StreamDefinition,
): readonly SinkDefinition[] {
  const read = (sinks?.entries() ?? []).flatMap((entry) => readSink(entry, definition) ?? []);
  return [...(readLake(lake, definition) ?? []), ...read];
}

function readLake(value: Value | null, definition: StreamDefinition): readonly SinkDefinition[] | null {
  const places: Places = new Map([['', value?.place ?? { line: 1, column: 1 }]]);
  const whole: SinkDefinition = {
    ...{ name: LAKE, type: LAKE, where: null, places },
    feeds: feedsOf(definition).map(wholeFeed),
    settings: { partitionBy: [DATE] },
  };
  if (value === null) return [whole];
  if (!value.isMap) {
    const text = value.text();
    if (text === 'off') return null;
    return text === null ? null : value.problem(`"${text}" must be off, or a map such as {where: /data/lake}`);
  }
  const own = readOwn(LAKE, LAKE, value.entries() ?? [], definition, places);
  const { partitionBy = [DATE], ...settings } = own.settings;
  readPartitionBy(value.entries()?.find(({ key }) => key === 'partitionBy')?.value ?? null, definition);
  return [{ ...whole, where: own.where, feeds: own.feeds ?? whole.feeds, settings: { partitionBy, ...settings } }];
}

function readSink({ key: name, keyValue, value }: MapEntry, definition: StreamDefinition): SinkDefinition | null {
  if (name === LAKE) return keyValue.problem('the lake is a section of its own: lake: {where: /data/lake}');
  if (!/^[a-z][a-z0-9-]{0,31}$/.test(name)) {
    keyValue.problem(`"${name}" is not a sink's name: lower-case letters, digits and -, at most 32`);
  }
  const entries = value.entries();
  if (entries === null) return null;
  const typeValue = entries.find(({ key }) => key === 'type')?.value ?? null;
  const type = typeValue === null ? missing('type', keyValue, entries) : readType(typeValue);
  const places: Places = new Map([['', keyValue.place]]);
  const own = readOwn(name, type, entries, definition, places);
  if (own.feeds === null) missing('what', keyValue, entries);
  return type === null ? null : { ...own, name, type, feeds: own.feeds ?? [], places };
}

/** What is said of a key that is missing: of a misspelt one, where it stands. */
function missing(key: 'type' | 'what', keyValue: Value, entries: readonly MapEntry[]): null {
  const near = nearestName(
    key,
    entries.map((entry) => entry.key),
  );
  const misspelt = entries.find((entry) => entry.key === near);
  if (misspelt !== undefined) return misspelt.keyValue.problem(`unknown key: did you mean ${key}?`);
  return keyValue.problem(
    key === 'type'
      ? `type is missing: one of ${DECLARED_TYPES.join(', ')}`
      : 'what is missing, such as what: [finals, sessions]',
  );
}

function readType(value: Value): SinkType | null {
  return value.text() === LAKE
    ? value.problem('a stream has one lake, which is a section of its own: lake: {where: /data/lake}')
    : value.oneOf(DECLARED_TYPES, 'type of sink');
}

/** What is left of a sink beside its name and type. */
interface OwnPart extends Pick<SinkDefinition, 'where' | 'settings'> {
  /** Null: it does not say. */
  readonly feeds: readonly SinkFeed[] | null;
}

function readOwn(
  name: string,
  type: SinkType | null,
  entries: readonly MapEntry[],
  definition: StreamDefinition,
  places: Places,
): OwnPart {
  let where: string | null = null;
  let feeds: readonly SinkFeed[] | null = null;
  const settings: Record<string, SinkDefinition['settings'][string]> = {};
  for (const { key, keyValue, value } of entries) {
    if (key === 'where') {
      where = readWhere(name, value);
      places.set(key, value.place);
    } else if (key === 'what') {
      feeds = readSinkFeeds(value, definition, type);
      places.set(key, value.place);
    } else if (SECRET.test(key)) {
      keyValue.problem(`is no setting: what opens the store comes from the environment, ${variable(name, '…')}`);
    } else if (key !== 'type' || type === LAKE) {
      settings[key] = plainSetting(value, key, places);
    }
  }
  return { where, feeds, settings };
}

function readWhere(name: string, value: Value): string | null {
  const text = value.text();
  if (text === null) return null;
  if (!/^[a-z0-9+]+:\/\/[^/?#]*@/i.test(text)) return text;
  const [user, password] = [variable(name, 'USER'), variable(name, 'PASSWORD')];
  return value.problem(`an address has no credentials: these come from the environment, ${user} and ${password}`);
}

function variable(sink: string, what: string): string {
  return `TILLSTREAM_SINK_${sink.toUpperCase().replaceAll('-', '_')}_${what}`;
}

/** `date`, and maybe a field whose values are few. */
function readPartitionBy(value: Value | null, { schema }: StreamDefinition): void {
  const names: string[] = [];
  for (const item of value?.list() ?? []) {
    const name = item.text();
    if (name === null) continue;
    const field = schema.fields.find((candidate) => candidate.name === name);
    if (names.includes(name)) item.problem(`${name} is given twice`);
    else if (name !== DATE && field === undefined) {
      item.problem(
        `there is no field ${name}: ${didYouMean(name, [DATE, ...schema.fields.map((other) => other.name)])}`,
      );
    } else if (name !== DATE && field !== undefined && !PARTITION_TYPES.includes(field.type)) {
      item.problem(`files are parted by string, int or bool, and ${name} is ${field.type}`);
    }
    names.push(name);
  }
  if (value !== null && value.isList && (names[0] !== DATE || names.length > 2)) {
    value.problem('is [date], by which history is kept and found, or [date, FIELD]: date and one field more');
  }
}
