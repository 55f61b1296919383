import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from '@tillstream/config';

/** Keeps how far a source has been read, through restarts. */
export interface PositionStore {
  /** Null: nothing has been kept. */
  load(): Promise<string | null>;
  save(lastEventId: string): Promise<void>;
}

/**
 * A file that is replaced as a whole. Should the newest one be lost with the power, the one before it counts, and what came
 * since comes once more: ids make that safe.
 */
export class PositionFile implements PositionStore {
  constructor(
    private readonly path: string,
    private readonly source: URL,
  ) {}

  /** @throws ConfigError when the file cannot be understood, or is about another source */
  async load(): Promise<string | null> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw new ConfigError([`CONNECTOR_POSITION_FILE ${this.path} cannot be read: ${error.message}`]);
    });
    if (text === null) return null;
    const { source, lastEventId } = parsed(text);
    if (typeof source !== 'string' || typeof lastEventId !== 'string') {
      throw new ConfigError([
        `CONNECTOR_POSITION_FILE ${this.path} is not a position: name another file, or remove it`,
      ]);
    }
    if (source !== this.source.href) {
      throw new ConfigError([
        `CONNECTOR_POSITION_FILE ${this.path} is about ${source}, not about ${this.source.href}: name another file`,
      ]);
    }
    return lastEventId;
  }

  async save(lastEventId: string): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true });
    const draft = `${this.path}.new`;
    const file = await open(draft, 'w');
    try {
      await file.writeFile(`${JSON.stringify({ source: this.source.href, lastEventId })}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, this.path);
  }
}

function parsed(text: string): { readonly source?: unknown; readonly lastEventId?: unknown } {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}
