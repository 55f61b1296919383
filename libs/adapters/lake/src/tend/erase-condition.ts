import { feedTables, type Feed, type StreamDefinition } from '@tillstream/contracts';
import { quoteName, quoteText } from '../sql/quote';

/** Bytes, as two hex digits, that no word is made of: not letters, digits, `-` and `_`; a key must stand by itself. */
const NO_WORD = '(?:[0189A-F].|2[0-9A-CE-F]|3[A-F]|40|5[B-E]|60|7[B-F])';

/** What sessions and attributions call who they are of, also where metrics over them are grouped by it. */
const VISITOR = 'user';

/**
 * SQL of the rows of a feed's table that are about `key`: a value of one of the fields that the stream is keyed by. Of dead letters it is
 * those that hold it anywhere, since they could not be read. Finals of metrics that are grouped by such a field are about one key; others
 * are about many, and stay.
 *
 * @param has whether the table has a column: a lake may hold some of a feed's only
 * @returns null where the table does not say who a row is about
 */
export function eraseCondition(
  definition: StreamDefinition,
  feed: Feed,
  key: string,
  has: (column: string) => boolean,
): string | null {
  const { schema } = definition;
  const text = quoteText(key);
  const inJson = (column: string, fields: readonly string[]) =>
    has(column) ? fields.map((field) => `${valueIn(column, field)} = ${text}`) : [];
  switch (feed) {
    case 'events':
      return anyOf(
        keyColumns(definition)
          .filter(has)
          .map((name) => `${quoteName(name)}::VARCHAR = ${text}`),
      );
    case 'sessions':
    case 'attributions':
      return anyOf(has(VISITOR) ? [`${quoteName(VISITOR)} = ${text}`] : []);
    case 'late':
      return anyOf(inJson('row', schema.key));
    case 'finals':
      return anyOf(inJson('group', [...schema.key, VISITOR]));
    case 'dead_letters': {
      const bytes = Buffer.from(key, 'utf8').toString('hex').toUpperCase();
      const pattern = quoteText(`^(?:(?:..)*${NO_WORD})?${bytes}(?:${NO_WORD}|$)`);
      return anyOf(has('body') ? [`regexp_matches(hex(body), ${pattern})`] : []);
    }
  }
}

function anyOf(conditions: readonly string[]): string | null {
  return conditions.length === 0 ? null : conditions.map((condition) => `(${condition})`).join(' OR ');
}

/** Columns of events may have other names than their fields. */
function keyColumns(definition: StreamDefinition): readonly string[] {
  const [table] = feedTables(definition, 'events');
  const { key } = definition.schema;
  return (table?.columns ?? [])
    .filter(({ of }) => of?.kind === 'field' && key.includes(of.name))
    .map(({ name }) => name);
}

/** The text of a value in a column of JSON. */
function valueIn(column: string, field: string): string {
  const path = `$."${field.replaceAll('"', '\\"')}"`;
  return `json_extract_string(${quoteName(column)}, ${quoteText(path)})`;
}
