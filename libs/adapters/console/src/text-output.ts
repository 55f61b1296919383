import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { SinkRefusedError, SinkUnavailableError } from '@tillstream/engine';

/** Where a console sink's text goes. */
export interface TextOutput {
  /** @throws SinkRefusedError */
  open(): Promise<void>;
  /**
   * Resolves when the system has taken it.
   * @throws SinkUnavailableError
   */
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

/** A stream of this process, which stays open. */
export class StreamOutput implements TextOutput {
  constructor(private readonly stream: Writable) {}

  async open(): Promise<void> {
    // it is
  }

  write(text: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.stream.write(text, (error) => {
        if (error)
          reject(new SinkUnavailableError(`the console takes nothing: ${error.message}`, null, { cause: error }));
        else resolve();
      });
    });
  }

  async close(): Promise<void> {
    // it is not this sink's alone
  }
}

/** The end of a file, or a terminal. One write after the other, so that no table stands in another. */
export class FileOutput implements TextOutput {
  private file: FileHandle | null = null;
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly path: string) {}

  async open(): Promise<void> {
    try {
      this.file ??= await open(this.path, 'a');
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      throw new SinkRefusedError(`${this.path} cannot be written: ${words}: name a file whose directory is there`, {
        cause: error,
      });
    }
  }

  write(text: string): Promise<void> {
    const written = this.last.then(() => this.append(text));
    this.last = written.catch(() => undefined);
    return written;
  }

  async close(): Promise<void> {
    await this.last;
    await this.file?.close();
    this.file = null;
  }

  private async append(text: string): Promise<void> {
    try {
      await this.open();
      await this.file?.appendFile(text);
    } catch (error) {
      if (error instanceof SinkRefusedError) throw error;
      const words = error instanceof Error ? error.message : String(error);
      throw new SinkUnavailableError(`${this.path} takes nothing: ${words}`, null, { cause: error });
    }
  }
}
