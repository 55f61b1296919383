/** An object of a store, or a file of a directory. */
export interface StoredObject {
  /** From the root of the store on, with `/` between its parts. */
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Bytes, or a file on this machine that holds them. */
export type ObjectContent = Uint8Array | { readonly file: string };

/**
 * Where the lake's files are: a directory, or a bucket that speaks S3. Paths are ASCII.
 *
 * What was put is durable and seen by everybody who asks afterwards. Every method throws SinkUnavailableError when the store does
 * not answer or is full, nothing lost, to be tried again; SinkRefusedError, with the remedy, when somebody has to act first.
 */
export interface ObjectStore {
  /** For messages; without credentials. */
  readonly address: string;
  /**
   * Makes what it may make, and finds out whether the store takes files and keeps what is there when it is put again: everything
   * here rests on that.
   */
  prepare(): Promise<void>;
  /** Everything whose path begins with `prefix`, ascending by path, behind `after`. */
  list(prefix: string, after?: string): AsyncIterable<StoredObject>;
  /** Null: there is none. */
  read(path: string): Promise<Uint8Array | null>;
  /**
   * Visible whole or not at all; false when there is one already, which is left as it is. A file is moved or uploaded: it is gone
   * when this is true. After a failure it may or may not have been put, and it may be tried again. Since
   * requests are repeated, false may also mean that this very call has put it.
   */
  putIfAbsent(path: string, content: ObjectContent): Promise<boolean>;
  /** As `putIfAbsent`, in the place of one that may be there. */
  replace(path: string, content: Uint8Array): Promise<void>;
  /** Those that are not there do not matter. */
  remove(paths: readonly string[]): Promise<void>;
  /**
   * A local file with the content of one that never changes, for DuckDB: the file itself, or a bounded cache, where it stays for at
   * least ten minutes from now on.
   *
   * @throws Error when there is none
   */
  local(path: string): Promise<string>;
  /** A new directory on this machine to write files in before they are put; whoever asked removes it. */
  scratch(): Promise<string>;
}
