import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CliError } from '../cli-context';

/** How far a replay has come: every row before this one has been acknowledged. */
export interface ReplayState {
  readonly stream: string;
  /** Files by name and size: another file under the same name is not gone on with. */
  readonly files: readonly { readonly name: string; readonly size: number }[];
  /** Index into `files`, and rows of it that are done. */
  readonly file: number;
  readonly rowsDone: number;
  /** Added to all times, so that both halves of the replay fit together. */
  readonly shiftMs: number;
  /** Newest time sent; null: none. */
  readonly lastMs: number | null;
  readonly savedAtMs: number;
}

const stateSchema: z.ZodType<ReplayState> = z.object({
  stream: z.string(),
  files: z.array(z.object({ name: z.string(), size: z.number() })),
  file: z.number(),
  rowsDone: z.number(),
  shiftMs: z.number(),
  lastMs: z.number().nullable(),
  savedAtMs: z.number(),
});

/** Keeps the state of a replay in a file, which is replaced as a whole. */
export class ReplayStateFile {
  constructor(readonly path: string) {}

  /** Null: there is none. @throws CliError when it cannot be understood */
  load(): ReplayState | null {
    let text: string;
    try {
      text = readFileSync(this.path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw new CliError(`cannot read ${this.path}: ${(error as Error).message}`);
    }
    try {
      return stateSchema.parse(JSON.parse(text));
    } catch {
      throw new CliError(`${this.path} is not the state of a replay`, 'Name another with --state, or remove it.');
    }
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  save(state: ReplayState): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const draft = `${this.path}.${process.pid}`;
    writeFileSync(draft, `${JSON.stringify(state)}\n`);
    renameSync(draft, this.path);
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/**
 * Where to go on; null: begin anew.
 *
 * @param about stream and files of this replay
 * @throws CliError when the state is about another replay
 */
export function stateToResume(
  file: ReplayStateFile,
  resume: boolean,
  about: Pick<ReplayState, 'stream' | 'files'>,
  note: (text: string) => void,
): ReplayState | null {
  if (!resume) {
    if (file.exists()) note(`begins anew; an earlier replay had not come to its end (${file.path})`);
    return null;
  }
  const state = file.load();
  if (state === null) return null;
  if (state.stream !== about.stream || JSON.stringify(state.files) !== JSON.stringify(about.files)) {
    throw new CliError(
      `${file.path} is about other files: ${state.files.map(({ name }) => name).join(', ')} into ${state.stream}`,
      'Name the same files, or leave out --resume.',
    );
  }
  return state;
}

/** Where the state of replays into a stream is kept unless another file is named. */
export function defaultStatePath(dataDirectory: string | undefined, stream: string): string {
  return join(dataDirectory ?? '.tillstream', 'replay', `${stream}.json`);
}
