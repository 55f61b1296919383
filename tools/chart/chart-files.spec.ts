import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { differing } from './copies';
import { valuesTable } from './values-table';

const ROOT = join(__dirname, '../..');
const CHART = join(ROOT, 'helm/tillstream');
const read = (path: string): string => readFileSync(join(CHART, path), 'utf8');

/** Cells and words, without what Prettier does to a table. */
const cells = (table: string): string[] =>
  table
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.replaceAll(/\s*\|\s*/g, '|'));

describe('what the chart holds twice', () => {
  it('has the alerts and dashboards that stand in deploy/ (else: npm run chart -- --update)', () => {
    expect(differing(ROOT)).toEqual([]);
  });

  it('tells in its README of every setting what values.yaml says (else: npm run chart -- --update)', () => {
    const table = cells(valuesTable(read('values.yaml')));
    expect(cells(read('README.md')).filter((row) => table.includes(row))).toEqual(table);
  });

  it('knows in its schema every setting of values.yaml', () => {
    const schema = JSON.parse(read('values.schema.json')) as Schema;
    expect(unknownTo(schema, parse(read('values.yaml')), schema.$defs ?? {}, '')).toEqual([]);
  });
});

interface Schema {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, Schema>>;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}

/** Settings that the schema would refuse as unknown. */
function unknownTo(schema: Schema, value: unknown, defs: Readonly<Record<string, Schema>>, path: string): string[] {
  const { properties, additionalProperties } = schema.$ref ? (defs[schema.$ref.replace('#/$defs/', '')] ?? {}) : schema;
  if (typeof value !== 'object' || value === null || Array.isArray(value) || !properties) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = properties[key];
    if (known) return unknownTo(known, inner, defs, `${path}${key}.`);
    return additionalProperties === false ? [`${path}${key}`] : [];
  });
}
