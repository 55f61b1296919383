import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, hashOfKey } from '@tillstream/config';
import { aKey } from '../testing/keys';
import { followKeys, type FollowedKeys } from './followed-keys';

const LOOK_EVERY_MS = 5;

describe('keys of a file', () => {
  let directory: string;
  let file: string;
  let followed: FollowedKeys | null;
  let told: { readonly message: string; readonly fields: object }[];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'keys-'));
    file = join(directory, 'keys.yaml');
    told = [];
    followed = null;
  });
  afterEach(() => {
    followed?.stop();
    rmSync(directory, { recursive: true });
  });

  const write = (text: string): void => {
    // As a whole: the old file or the new one.
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const keysOf = (...keys: string[]): string =>
    `keys: [${keys.map((key) => `{name: ${key}, sha256: ${hashOfKey(key)}}`).join(', ')}]`;
  const follow = (entries: Parameters<typeof followKeys>[0]['entries'] = null): FollowedKeys => {
    const tell = (fields: object, message: string): void => void told.push({ fields, message });
    return (followed = followKeys(
      { use: 'write', entries, file, streams: [] },
      { info: tell, error: tell },
      LOOK_EVERY_MS,
    ));
  };
  const kindOf = (key: string): string | undefined => followed?.ring.find(`Bearer ${key}`, 0).kind;

  it('are exchanged without a restart: a key that is taken out opens no more', async () => {
    write(keysOf('old-key-1'));
    follow();
    expect([kindOf('old-key-1'), kindOf('new-key-1')]).toEqual(['granted', 'unknown']);
    write(keysOf('old-key-1', 'new-key-1'));
    await until(() => kindOf('new-key-1') === 'granted');
    expect(kindOf('old-key-1')).toBe('granted');
    write(keysOf('new-key-1'));
    await until(() => kindOf('old-key-1') === 'unknown');
    expect(kindOf('new-key-1')).toBe('granted');
    expect(told.at(-1)).toEqual({ message: 'keys_taken_up', fields: { file, keys: 1 } });
  });

  it('hold on when their file breaks or goes, and somebody is told, once', async () => {
    write(keysOf('some-key-1'));
    follow();
    write('keys: [{name: x, sha256: some-key-1}]');
    await until(() => told.length === 1);
    expect(told[0]).toMatchObject({
      message: 'keys_not_usable',
      fields: { file, problems: [expect.stringContaining('keys.yaml:1:26: a key must have its sha256')] },
    });
    rmSync(file);
    await until(() => told.length === 2);
    expect(kindOf('some-key-1')).toBe('granted');
    write(keysOf('some-key-1', 'more-key-1'));
    await until(() => kindOf('more-key-1') === 'granted');
    expect(told.map(({ message }) => message)).toEqual(['keys_not_usable', 'keys_not_usable', 'keys_taken_up']);
    expect(JSON.stringify(told)).not.toContain('some-key-1');
  });

  it('leave those of the variable as they are', async () => {
    write(keysOf('file-key-1'));
    follow([aKey({ key: 'variable-1' })]);
    expect([kindOf('variable-1'), kindOf('file-key-1')]).toEqual(['granted', 'granted']);
    write('keys: []');
    await until(() => kindOf('file-key-1') === 'unknown');
    expect(kindOf('variable-1')).toBe('granted');
  });

  it('never open a door to everyone, however few there are', () => {
    write('keys: []');
    follow();
    expect(followed?.ring.find(undefined, 0).kind).toBe('missing');
  });

  it('are a reason not to start when their file cannot be used then', () => {
    expect(() => follow()).toThrow(ConfigError);
    expect(() => follow()).toThrow(/keys.yaml: the file of keys cannot be read: ENOENT/);
    write('keys: [1]');
    expect(() => follow()).toThrow(/keys.yaml:1:8: a key is written as/);
  });
});

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
