import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { SinkRefusedError } from '@tillstream/engine';
import { codeOf, fileError } from './file-errors';
import type { ObjectContent, ObjectStore, StoredObject } from './object-store';
import { makeScratch, removeStaleScratch } from './scratch-directories';

/** Where files are written before they are put, on the file system of the directory. Not a part of what is stored. */
const SCRATCH = '.tillstream-scratch';

/** A directory, also one that several machines have mounted. Files appear by link(2), which fails when there is one. */
export class DirectoryObjectStore implements ObjectStore {
  readonly address: string;

  constructor(directory: string) {
    this.address = resolve(directory);
  }

  prepare(): Promise<void> {
    return this.guarded(async () => {
      await makeDirectory(this.address);
      await removeStaleScratch(join(this.address, SCRATCH), Date.now());
      const path = `.tillstream-probe-${randomBytes(8).toString('hex')}`;
      const took = [await this.putIfAbsent(path, new Uint8Array(1)), await this.putIfAbsent(path, new Uint8Array(2))];
      await this.remove([path]);
      if (took[0] !== true || took[1] !== false) {
        throw new SinkRefusedError(
          `the directory ${this.address} lets a file be put where there is one. Declare a directory of a file system with hard links, or a bucket.`,
        );
      }
    });
  }

  async *list(prefix: string, after = ''): AsyncIterable<StoredObject> {
    yield* this.walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, after);
  }

  read(path: string): Promise<Uint8Array | null> {
    return this.guarded(async () => {
      try {
        const bytes = await readFile(this.fileOf(path));
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return null;
        throw error;
      }
    });
  }

  putIfAbsent(path: string, content: ObjectContent): Promise<boolean> {
    return this.guarded(() =>
      content instanceof Uint8Array
        ? this.withFile(content, (file) => this.linkTo(path, file))
        : this.move(path, content.file),
    );
  }

  replace(path: string, content: Uint8Array): Promise<void> {
    return this.guarded(() =>
      this.withFile(content, async (file) => {
        const target = this.fileOf(path);
        await makeDirectory(dirname(target));
        await rename(file, target);
        await syncDirectory(dirname(target));
      }),
    );
  }

  remove(paths: readonly string[]): Promise<void> {
    return this.guarded(async () => {
      for (const path of paths) await rm(this.fileOf(path), { force: true });
    });
  }

  async local(path: string): Promise<string> {
    return this.fileOf(path);
  }

  scratch(): Promise<string> {
    return this.guarded(async () => {
      await makeDirectory(this.address);
      return makeScratch(join(this.address, SCRATCH));
    });
  }

  private async move(path: string, file: string): Promise<boolean> {
    await syncFile(file);
    const done = await this.linkTo(path, file);
    if (done) await unlink(file);
    return done;
  }

  private async linkTo(path: string, file: string): Promise<boolean> {
    const target = this.fileOf(path);
    await makeDirectory(dirname(target));
    try {
      await link(file, target);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
    await syncDirectory(dirname(target));
    return true;
  }

  private async withFile<T>(content: Uint8Array, put: (file: string) => Promise<T>): Promise<T> {
    const directory = await this.scratch();
    try {
      const file = join(directory, 'content');
      const handle = await open(file, 'wx');
      try {
        await handle.writeFile(content);
        await handle.sync();
      } finally {
        await handle.close();
      }
      return await put(file);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }

  /** Everything in `directory` (which ends with `/`, or is empty), as a store that knows no directories lists it. */
  private async *walk(directory: string, prefix: string, after: string): AsyncIterable<StoredObject> {
    const entries = await this.guarded(() => entriesOf(join(this.address, directory)));
    const paths = entries
      .filter((entry) => entry.name !== SCRATCH)
      .map((entry) => `${directory}${entry.name}${entry.isDirectory() ? '/' : ''}`)
      .sort();
    for (const path of paths) {
      const isDirectory = path.endsWith('/');
      if (isDirectory ? !(path.startsWith(prefix) || prefix.startsWith(path)) : !path.startsWith(prefix)) continue;
      if (path <= after && !(isDirectory && after.startsWith(path))) continue;
      if (isDirectory) yield* this.walk(path, prefix, after);
      else {
        const stats = await this.guarded(() => statOf(this.fileOf(path)));
        if (stats !== null) yield { path, ...stats };
      }
    }
  }

  private fileOf(path: string): string {
    return join(this.address, path);
  }

  private async guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw fileError(error, this.address);
    }
  }
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Null: it has gone since it was listed. */
async function statOf(file: string): Promise<{ bytes: number; modifiedMs: number } | null> {
  try {
    const { size, mtimeMs } = await lstat(file);
    return { bytes: size, modifiedMs: Math.floor(mtimeMs) };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  }
}

/** A directory that is made is durable only when the one it stands in is. */
async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true });
  if (first === undefined) return;
  for (let made = directory; made.length >= first.length; made = dirname(made)) await syncDirectory(dirname(made));
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
