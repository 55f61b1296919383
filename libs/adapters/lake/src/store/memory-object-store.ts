import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ObjectContent, ObjectStore, StoredObject } from './object-store';

/** A store for tests, shared by all who were given it. */
export class MemoryObjectStore implements ObjectStore {
  readonly address = 'memory';
  private readonly objects = new Map<string, { readonly bytes: Uint8Array; readonly modifiedMs: number }>();

  /** @param nowMs when an object is said to have been put */
  constructor(private readonly nowMs: () => number = Date.now) {}

  async prepare(): Promise<void> {}

  async *list(prefix: string, after = ''): AsyncIterable<StoredObject> {
    const paths = [...this.objects.keys()].filter((path) => path.startsWith(prefix) && path > after).sort();
    for (const path of paths) {
      const object = this.objects.get(path);
      if (object !== undefined) yield { path, bytes: object.bytes.length, modifiedMs: object.modifiedMs };
    }
  }

  async read(path: string): Promise<Uint8Array | null> {
    return this.objects.get(path)?.bytes.slice() ?? null;
  }

  async putIfAbsent(path: string, content: ObjectContent): Promise<boolean> {
    const bytes = content instanceof Uint8Array ? content.slice() : new Uint8Array(await readFile(content.file));
    if (this.objects.has(path)) return false;
    this.objects.set(path, { bytes, modifiedMs: this.nowMs() });
    if (!(content instanceof Uint8Array)) await rm(content.file);
    return true;
  }

  async replace(path: string, content: Uint8Array): Promise<void> {
    this.objects.set(path, { bytes: content.slice(), modifiedMs: this.nowMs() });
  }

  async remove(paths: readonly string[]): Promise<void> {
    for (const path of paths) this.objects.delete(path);
  }

  async local(path: string): Promise<string> {
    const bytes = await this.read(path);
    if (bytes === null) throw new Error(`there is no ${path} in memory`);
    const file = join(await this.scratch(), path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    return file;
  }

  scratch(): Promise<string> {
    return mkdtemp(join(tmpdir(), 'tillstream-lake-'));
  }
}
