import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from './config-error';
import { loadStreamDefinitions } from './load-stream-definitions';
import type { Parsed } from './load-stream-definitions';

interface Definition {
  readonly schema: { readonly stream: string };
}

/** Takes files of the form `stream NAME`; each other line is a problem. */
function parse(text: string): Parsed<Definition, string> {
  const [, stream] = /^stream (\w+)$/.exec(text) ?? [];
  return stream === undefined
    ? { ok: false, problems: text.split('\n') }
    : { ok: true, definition: { schema: { stream } } };
}
const format = (file: string, problems: readonly string[]): string =>
  problems.map((line) => `${file}: ${line}`).join('\n');

describe('loadStreamDefinitions', () => {
  let directory: string;
  beforeAll(() => (directory = mkdtempSync(join(tmpdir(), 'stream-files-'))));
  afterAll(() => rmSync(directory, { recursive: true }));

  const fileWith = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, text);
    return file;
  };

  it('gives the definitions in the order of the files', () => {
    const files = [fileWith('b', 'stream b'), fileWith('a', 'stream a')];
    expect(loadStreamDefinitions(files, parse, format).map(({ schema }) => schema.stream)).toEqual(['b', 'a']);
  });

  it('names every problem of every file at once', () => {
    const twice = [fileWith('one', 'stream s'), fileWith('two', 'stream s')];
    const wrong = fileWith('wrong', 'first\nsecond');
    const missing = join(directory, 'missing');
    let problems: readonly string[] = [];
    try {
      loadStreamDefinitions([...twice, wrong, missing], parse, format);
    } catch (error) {
      problems = (error as ConfigError).problems;
    }
    expect(problems).toEqual([
      `${twice[1]}: the stream s is declared in ${twice[0]} already`,
      `${wrong}: first`,
      `${wrong}: second`,
      expect.stringContaining(`${missing}: cannot be read: ENOENT`),
    ]);
  });
});
