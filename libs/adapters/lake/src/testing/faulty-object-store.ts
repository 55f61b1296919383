import type { ObjectContent, ObjectStore, StoredObject } from '../store/object-store';

/** What becomes of a call: done, failed before it had an effect, or done while the answer is lost. */
export type StoreFate = 'done' | 'failed' | 'lost';

/** A store whose calls go wrong as they are told, each of them in a turn of its own so that callers run into each other. */
export class FaultyObjectStore implements ObjectStore {
  readonly address: string;

  constructor(
    private readonly store: ObjectStore,
    private readonly fate: (call: string) => Promise<StoreFate>,
  ) {
    this.address = store.address;
  }

  prepare(): Promise<void> {
    return this.store.prepare();
  }

  async *list(prefix: string, after?: string): AsyncIterable<StoredObject> {
    for await (const object of this.store.list(prefix, after)) yield await this.through('list', async () => object);
  }

  read(path: string): Promise<Uint8Array | null> {
    return this.through('read', () => this.store.read(path));
  }

  putIfAbsent(path: string, content: ObjectContent): Promise<boolean> {
    return this.through('put', () => this.store.putIfAbsent(path, content));
  }

  replace(path: string, content: Uint8Array): Promise<void> {
    return this.through('replace', () => this.store.replace(path, content));
  }

  remove(paths: readonly string[]): Promise<void> {
    return this.through('remove', () => this.store.remove(paths));
  }

  local(path: string): Promise<string> {
    return this.through('local', () => this.store.local(path));
  }

  scratch(): Promise<string> {
    return this.store.scratch();
  }

  private async through<T>(call: string, work: () => Promise<T>): Promise<T> {
    const fate = await this.fate(call);
    if (fate === 'failed') throw new StoreFault(`${call} failed`);
    const result = await work();
    if (fate === 'lost') throw new StoreFault(`the answer to ${call} was lost`);
    return result;
  }
}

/** What was made to go wrong. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
}
