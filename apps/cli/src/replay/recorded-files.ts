import { statSync } from 'node:fs';
import type { StreamDefinition } from '@tillstream/contracts';
import { pathOf } from '@tillstream/core';
import { CliError } from '../cli-context';
import { sourceName } from './csv-file';
import { eventFiles, STANDARD_INPUT } from './event-files';
import type { ReplaySource } from './replay-source';

/** A file by its name (without what says how it is compressed) and size. */
export interface RecordedFile {
  readonly path: string;
  readonly name: string;
  readonly size: number;
}

/** The files that are named; `-` is standard input. @throws CliError for one that cannot be read */
export function recordedFiles(paths: readonly string[]): readonly RecordedFile[] {
  if (!paths.includes(STANDARD_INPUT)) return paths.map(fileAt);
  if (paths.length > 1) throw new CliError('standard input is read alone, or files are');
  return [{ path: STANDARD_INPUT, name: STANDARD_INPUT, size: 0 }];
}

/** Events of a stream that stand in files as JSON, one a line. */
export function recordedEvents(files: readonly RecordedFile[], { schema }: StreamDefinition): ReplaySource {
  const { fields, eventTime } = schema;
  const time = fields.find(({ name }) => name === eventTime.field);
  return eventFiles(files, time === undefined ? eventTime.field : pathOf(time));
}

/** A file that can be read again. @throws CliError for one that cannot be read */
export function fileAt(path: string): RecordedFile {
  try {
    return { path, name: sourceName(path), size: statSync(path).size };
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`);
  }
}
