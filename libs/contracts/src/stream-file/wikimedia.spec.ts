import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathOf } from '@tillstream/core';
import { formatProblems } from './problem';
import { parseStreamFile } from './parse-stream-file';

const FILE = 'deploy/streams/wikimedia.yaml';

describe('the stream file of Wikimedia’s edits', () => {
  const parsed = parseStreamFile(readFileSync(join(process.cwd(), FILE), 'utf8'), { file: FILE });
  if (!parsed.ok) throw new Error(formatProblems(FILE, parsed.problems));
  const { schema, metrics } = parsed.definition;

  it('reads what it needs from within the events, under names that conditions can use', () => {
    expect(schema.fields.map((field) => [field.name, pathOf(field), field.type])).toEqual([
      ['meta.id', 'meta.id', 'string'],
      ['meta.dt', 'meta.dt', 'timestamp'],
      ['meta.domain', 'meta.domain', 'string'],
      ['meta.uri', 'meta.uri', 'string'],
      ['type', 'type', 'string'],
      ['wiki', 'wiki', 'string'],
      ['user', 'user', 'string'],
      ['bot', 'bot', 'bool'],
      ['page_namespace', 'namespace', 'int'],
      ['length.old', 'length.old', 'int'],
      ['length.new', 'length.new', 'int'],
      ['bytes_changed', 'bytes_changed', 'int'],
      ['server_name', 'server_name', 'string'],
    ]);
  });

  it('takes any type of change, as Wikimedia makes up new ones', () => {
    expect(schema.fields.filter(({ values }) => values !== null)).toEqual([]);
  });

  it('leaves the events that Wikimedia sends to itself out of every metric', () => {
    const canary = { kind: 'literal', value: 'canary', type: 'string' };
    const domain = { kind: 'field', name: 'meta.domain', type: 'string' };
    const test = { kind: 'compare', operator: '!=', left: domain, right: canary, type: 'bool' };
    for (const { where } of metrics) {
      expect(where?.kind === 'logic' ? where.left : where).toEqual(test);
      if (where?.kind === 'logic') expect(where.operator).toBe('&&');
    }
  });

  it('finds the ten most active users of ten minutes, and waits ten more', () => {
    expect(metrics.find(({ name }) => name === 'top_users')).toMatchObject({
      window: { sizeMs: 600_000, hopMs: 600_000 },
      outOfOrdernessMs: 600_000,
      measures: [{ kind: 'top', field: 'user', limit: 10, by: { kind: 'count' } }, {}, {}],
    });
  });

  it('tells of the sessions of editors, with no pause of more than an hour', () => {
    const { sessions, derived } = parsed.definition;
    expect(sessions).toMatchObject({ gapMs: 3_600_000, by: [], product: 'meta.uri', category: 'wiki', type: 'type' });
    const names = derived?.flatMap(({ definition }) => definition.metrics.map(({ name }) => name));
    expect(names).toEqual(['edit_sessions']);
  });
});
