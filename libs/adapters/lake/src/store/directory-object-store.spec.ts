import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';
import { DirectoryObjectStore } from './directory-object-store';
import { fileError } from './file-errors';
import { MemoryObjectStore } from './memory-object-store';
import { describeObjectStore } from './object-store.contract';

const memory = new MemoryObjectStore();
const directories: string[] = [];

async function newDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tillstream-store-'));
  directories.push(directory);
  return directory;
}

afterAll(() => Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true }))));

describeObjectStore('memory', async () => memory);

let shared: Promise<string> | null = null;
describeObjectStore(
  'a directory',
  async () => new DirectoryObjectStore(join(await (shared ??= newDirectory()), 'lake')),
);

describe('a directory that cannot be used', () => {
  it('is refused when it is a file', async () => {
    const file = join(await newDirectory(), 'file');
    await writeFile(file, '');
    await expect(new DirectoryObjectStore(join(file, 'lake')).prepare()).rejects.toThrow(SinkRefusedError);
  });

  it('is refused without rights, with the remedy', async () => {
    const directory = await newDirectory();
    await chmod(directory, 0o500);
    const refused = new DirectoryObjectStore(directory).prepare();
    if (process.getuid?.() === 0)
      await refused; // root may write everywhere
    else await expect(refused).rejects.toThrow(/Give the user of this process the rights/u);
    await chmod(directory, 0o700);
  });

  it('is waited for when it is full', () => {
    const full = fileError(Object.assign(new Error('no space left'), { code: 'ENOSPC' }), '/lake');
    expect(full).toBeInstanceOf(SinkUnavailableError);
    expect(String(full)).toContain('/lake is full');
  });

  it('leaves errors alone that are not of the file system', () => {
    const error = new TypeError('a bug');
    expect(fileError(error, '/lake')).toBe(error);
  });
});
