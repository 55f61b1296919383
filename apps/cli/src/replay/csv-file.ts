import { createReadStream, type ReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { parse } from 'csv-parse';
import { CliError } from '../cli-context';
import type { CsvKind } from './csv-kind';

/** A CSV file under way: rows as they come, never held as a whole. */
export interface CsvFile {
  /** Bytes of the file (compressed, where it is) and how many of them have been read. */
  readonly size: number;
  bytesRead(): number;
  /** Values by the names of the first line. */
  rows(): AsyncGenerator<Readonly<Record<string, string>>, void, void>;
}

/** Name of a file without what says how it is compressed. */
export function sourceName(path: string): string {
  return basename(path).replace(/\.(gz|zst)$/, '');
}

/** @throws CliError when there is no such file */
export async function openCsv(path: string, kind: CsvKind): Promise<CsvFile> {
  const { size } = await stat(path).catch((error: unknown) => {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`);
  });
  const file = createReadStream(path);
  return { size, bytesRead: () => file.bytesRead, rows: () => readRows(path, file, kind) };
}

/** The text of a file that may be compressed by gzip or zstd, as its name says. */
export function decompressed(path: string, file: ReadStream): Readable {
  if (path.endsWith('.gz')) return piped(file, createGunzip());
  if (path.endsWith('.zst')) return piped(file, createZstdDecompress());
  return file;
}

async function* readRows(
  path: string,
  file: ReadStream,
  kind: CsvKind,
): AsyncGenerator<Readonly<Record<string, string>>, void, void> {
  const parser = piped(
    decompressed(path, file),
    parse({ bom: true, columns: (header: string[]) => requireColumns(path, header, kind) }),
  );
  try {
    for await (const row of parser) yield row as Readonly<Record<string, string>>;
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`${path} is broken: ${(error as Error).message}`);
  } finally {
    file.destroy();
  }
}

function requireColumns(path: string, header: string[], { name, columns }: CsvKind): string[] {
  const missing = columns.filter((column) => !header.includes(column));
  if (missing.length > 0) {
    throw new CliError(`${path} has no column ${missing.join(', ')}`, `A file of ${name} has ${columns.join(',')}`);
  }
  return header;
}

/** An error of the source ends the target with it; who reads the target hears of it. */
function piped<T extends NodeJS.WritableStream & Readable>(from: Readable, to: T): T {
  pipeline(from, to, () => undefined);
  return to;
}
