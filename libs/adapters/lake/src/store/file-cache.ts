import { createHash, randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from './file-errors';

/** Who was given the path of a file may still open it for so long. */
const HANDED_OUT_MS = 10 * 60 * 1_000;

/** Files of a bucket on this machine, those that were asked for last. Processes may share one: what it knows stands on the disk. */
export class FileCache {
  readonly directory: string;
  /** Downloads under way, so that what many ask for at once comes once. */
  private readonly loading = new Map<string, Promise<void>>();
  /** How many bytes there are, at most: counted when the first file comes, and whenever it is too many. */
  private bytes: number | null = null;

  constructor(
    parent: string,
    private readonly maxBytes: number,
    /** What the files are of: other stores' are not among them. */
    address: string,
    private readonly nowMs: () => number = Date.now,
  ) {
    this.directory = join(parent, createHash('sha256').update(address).digest('hex').slice(0, 16));
  }

  /** The file with the content of `path`, fetched into a file by `load` when it is not there. */
  async provide(path: string, load: (file: string) => Promise<void>): Promise<string> {
    const file = join(this.directory, path);
    try {
      while (!(await this.touch(file))) {
        const loading = this.loading.get(path) ?? this.load(file, load);
        this.loading.set(path, loading);
        await loading.finally(() => this.loading.delete(path));
      }
    } catch (error) {
      throw fileError(error, this.directory);
    }
    return file;
  }

  private async load(file: string, load: (file: string) => Promise<void>): Promise<void> {
    await mkdir(dirname(file), { recursive: true });
    const part = `${file}.${randomBytes(6).toString('hex')}.part`;
    try {
      await load(part);
      await this.makeRoom((await stat(part)).size);
      await rename(part, file);
    } finally {
      await rm(part, { force: true });
    }
  }

  /** Says that it is wanted now; false: it is not there. */
  private async touch(file: string): Promise<boolean> {
    const now = new Date(this.nowMs());
    return utimes(file, now, now).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return false;
        throw error;
      },
    );
  }

  private async makeRoom(bytes: number): Promise<void> {
    if (this.bytes !== null && this.bytes + bytes <= this.maxBytes) {
      this.bytes += bytes;
      return;
    }
    const files = (await this.files()).sort((one, other) => one.wantedMs - other.wantedMs);
    let total = files.reduce((sum, file) => sum + file.bytes, bytes);
    for (const file of files) {
      if (total <= this.maxBytes || file.wantedMs > this.nowMs() - HANDED_OUT_MS) break;
      await rm(file.path, { force: true });
      total -= file.bytes;
    }
    this.bytes = total;
  }

  private async files(): Promise<{ path: string; bytes: number; wantedMs: number }[]> {
    const entries = await readdir(this.directory, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const found = [];
    for (const path of files) {
      const stats = await stat(path).catch(() => null); // another process may just have removed it
      if (stats !== null) found.push({ path, bytes: stats.size, wantedMs: stats.mtimeMs });
    }
    return found;
  }
}
