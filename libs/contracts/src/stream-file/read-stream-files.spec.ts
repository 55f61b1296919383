import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { smallStreamFile } from '../testing';
import { readStreamFiles } from './read-stream-files';

describe('stream files of a service', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'stream-files-'));
  });

  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  function file(name: string, text: string): string {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  }

  it('are read in order', () => {
    const small = file('small.yaml', smallStreamFile());
    const other = file('other.yaml', smallStreamFile().replace('stream: small', 'stream: other'));
    const read = readStreamFiles([small, other]);
    expect(read.ok && read.definitions.map(({ schema, file: path }) => [schema.stream, path])).toEqual([
      ['small', small],
      ['other', other],
    ]);
  });

  it('name the problems of all of them at once', () => {
    const wrong = file('wrong.yaml', smallStreamFile().replace('partitions: 2', 'partitions: none'));
    const missing = join(directory, 'missing.yaml');
    const read = readStreamFiles([wrong, missing]);
    expect(read.ok ? [] : read.problems).toEqual([
      `${wrong}:2:13: partitions: "none" is not a whole number from 1 to 1024`,
      expect.stringContaining(`${missing}: cannot be read: ENOENT`),
    ]);
  });

  it('declare every stream once', () => {
    const first = file('first.yaml', smallStreamFile());
    const second = file('second.yaml', smallStreamFile(3));
    const read = readStreamFiles([first, second]);
    expect(read.ok ? [] : read.problems).toEqual([`${second}: declares the stream small, and so does ${first}`]);
  });
});
