import { hashOfKey } from '@tillstream/config';
import { parseKeyFile } from './key-file';

const [ONE, TWO] = [hashOfKey('a-key-of-one'), hashOfKey('a-key-of-two')];
const KIND = { file: 'keys.yaml', use: 'write', streams: ['shop', 'wiki'] } as const;

const problemsOf = (text: string, use: 'write' | 'read' = 'write'): readonly string[] => {
  const read = parseKeyFile(text, { ...KIND, use });
  return read.ok ? [] : read.problems;
};

describe('a file of keys', () => {
  it('has whose key it is, what it opens, how much it may do and until when', () => {
    const text = `
keys:
  - {name: shop, sha256: ${ONE}, streams: [shop], eventsPerSecond: 2000, requestsPerSecond: 50, expires: 2027-01-01T00:00:00Z}
  - {name: everything, sha256: ${TWO}}
`;
    expect(parseKeyFile(text, KIND)).toEqual({
      ok: true,
      entries: [
        {
          ...{ name: 'shop', sha256: ONE, streams: ['shop'], sql: false, eventsPerSecond: 2000, requestsPerSecond: 50 },
          expiresMs: Date.UTC(2027, 0, 1),
        },
        {
          ...{ name: 'everything', sha256: TWO, streams: null, sql: false },
          ...{ eventsPerSecond: null, requestsPerSecond: null, expiresMs: null },
        },
      ],
    });
  });

  it('may be empty, which opens to nobody, but not by accident', () => {
    expect(parseKeyFile('keys: []', KIND)).toEqual({ ok: true, entries: [] });
    for (const text of ['', 'keys:', '[]', 'keys: none', 'key: []']) {
      expect(problemsOf(text)).toEqual([
        'keys.yaml:1:1: keys must be a list of keys; an empty one, [], opens to nobody',
      ]);
    }
  });

  it.each<readonly ['write' | 'read', string, RegExp]>([
    ['write', '- a-key-of-one', /^keys.yaml:2:5: a key is written as \{name: shop, sha256/],
    ['write', `- {sha256: ${ONE}}`, /^keys.yaml:2:5: a key must have a name/],
    ['write', '- {name: shop}', /^keys.yaml:2:5: a key must have its sha256, 64 digits .* `till keys new`/],
    ['write', '- {name: shop, sha256: a-key-of-one}', /^keys.yaml:2:26: a key must have its sha256/],
    ['write', `- {name: shop, sha256: ${ONE.toUpperCase()}}`, /^keys.yaml:2:26: a key must have its sha256/],
    ['write', `- {name: shop, sha256: ${ONE}, stream: [shop]}`, /a key has no field stream; did you mean streams\?$/],
    [
      'write',
      `- {name: shop, sha256: ${ONE}, a-key-of-one: 1}`,
      /a key has no such field; it has name, sha256, streams/,
    ],
    ['write', `- {name: shop, sha256: ${ONE}, streams: []}`, /streams must be a list of names/],
    ['write', `- {name: shop, sha256: ${ONE}, streams: shop}`, /streams must be a list of names/],
    [
      'write',
      `- {name: shop, sha256: ${ONE}, streams: [shp]}`,
      /streams must name what the stream files declare: shop, wiki/,
    ],
    [
      'write',
      `- {name: shop, sha256: ${ONE}, eventsPerSecond: 0}`,
      /eventsPerSecond must be a whole number of at least 1/,
    ],
    ['write', `- {name: shop, sha256: ${ONE}, requestsPerSecond: many}`, /requestsPerSecond must be a whole number/],
    [
      'write',
      `- {name: shop, sha256: ${ONE}, expires: 2027-01-01}`,
      /expires must be an instant such as 2027-01-01T00:00:00Z/,
    ],
    ['write', `- {name: shop, sha256: ${ONE}, expires: 2027-02-31T99:00:00Z}`, /expires must be an instant/],
    ['write', `- {name: shop, sha256: ${ONE}, sql: true}`, /sql is for read keys/],
    ['read', `- {name: shop, sha256: ${ONE}, eventsPerSecond: 1}`, /eventsPerSecond is for write keys/],
    ['read', `- {name: shop, sha256: ${ONE}, sql: yes}`, /sql must be true or false/],
    [
      'write',
      `- {name: shop, sha256: ${ONE}}\n  - {name: again, sha256: ${ONE}}`,
      /:3:5: this is the key of shop again/,
    ],
    ['write', '- {name: shop', /this is not YAML/],
  ])('is refused with the place and without repeating a key, where they %s: %s', (use, entry, problem) => {
    const problems = problemsOf(`keys:\n  ${entry}\n`, use);
    expect(problems.join('\n')).toMatch(problem);
    expect(problems.join('\n')).not.toContain('a-key-of-one');
  });
});
