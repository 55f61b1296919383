import { createReadStream, type ReadStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { CliError } from '../cli-context';
import { decompressed } from './csv-file';
import { recordedEvent } from './json-event';
import type { ReplayRow, ReplaySource } from './replay-source';

/** As a file's name: what comes in. */
export const STANDARD_INPUT = '-';

/**
 * Events that stand in files as JSON, one a line, in the order in which they are to be sent.
 *
 * @param timePath where in an event its time is
 * @param input what `-` stands for
 */
export function eventFiles(
  files: readonly { readonly path: string; readonly size: number }[],
  timePath: string,
  input: Readable = process.stdin,
): ReplaySource {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  let before = 0;
  let bytesRead = (): number => 0;

  async function* linesOf(path: string): AsyncGenerator<string, void, void> {
    const file: ReadStream | null = path === STANDARD_INPUT ? null : createReadStream(path);
    bytesRead = () => file?.bytesRead ?? 0;
    try {
      for await (const line of linesIn(file === null ? input : decompressed(path, file))) {
        if (line.trim() !== '') yield line;
      }
    } catch (error) {
      throw new CliError(`${path} is broken: ${(error as Error).message}`);
    } finally {
      file?.destroy();
    }
  }

  return {
    async *rows(start, shiftMs): AsyncGenerator<ReplayRow, void, void> {
      for (const [file, { path, size }] of files.entries()) {
        before = files.slice(0, file).reduce((sum, earlier) => sum + earlier.size, 0);
        if (file < start.file) continue;
        const skipped = file === start.file ? start.rowsDone : 0;
        let number = 0;
        for await (const line of linesOf(path)) {
          number += 1;
          if (number > skipped) yield { file, number, ...recordedEvent(line, timePath, shiftMs) };
        }
        before += size;
        bytesRead = () => 0;
      }
    },
    readShare: () => (total === 0 ? 0 : Math.min(1, (before + bytesRead()) / total)),
    async shiftToNow(speed, nowMs) {
      let firstMs = Infinity;
      let lastMs = -Infinity;
      for (const { path } of files) {
        for await (const line of linesOf(path)) {
          const { timeMs } = recordedEvent(line, timePath, 0);
          firstMs = Math.min(firstMs, timeMs ?? Infinity);
          lastMs = Math.max(lastMs, timeMs ?? -Infinity);
        }
      }
      if (lastMs < firstMs) throw new CliError(`no event has a time at ${timePath}`);
      return Math.floor(nowMs + (lastMs - firstMs) / speed - lastMs);
    },
  };
}

/** Errors of the stream are thrown, and it is read no faster than lines are taken. */
async function* linesIn(stream: Readable): AsyncGenerator<string, void, void> {
  stream.setEncoding('utf8');
  let begun: string[] = [];
  for await (const chunk of stream as AsyncIterable<string>) {
    const [first = '', ...rest] = chunk.split('\n');
    begun.push(first);
    for (const line of rest) {
      yield begun.join('');
      begun = [line];
    }
  }
  yield begun.join('');
}
