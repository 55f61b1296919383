import { readFileSync } from 'node:fs';

/** What a file holds, without the line break at its end. @throws Error that says why it cannot be used */
export function readSecret(file: string): string {
  const content = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  if (content === '') throw new Error(`${file} is empty`);
  return content;
}

/** What is wrong with a secret that may be given as it is or by a file: as sentences that begin with a variable's name. */
export function secretProblems<Name extends string>(
  values: Readonly<Partial<Record<Name, unknown>>>,
  name: Name,
  fileName: Name,
): readonly string[] {
  const [given, file] = [values[name], values[fileName]];
  if (typeof file !== 'string') return [];
  if (given !== undefined) return [`${fileName} must not be set, because ${name} is`];
  try {
    readSecret(file);
    return [];
  } catch (error) {
    return [`${fileName} names a file that cannot be read: ${(error as Error).message}`];
  }
}

/** A secret as it is now: one in a file may change while the process runs. Null: none is given. */
export function secretSource(given: string | undefined, file: string | undefined): (() => string) | null {
  if (given !== undefined) return () => given;
  return file === undefined ? null : () => readSecret(file);
}
