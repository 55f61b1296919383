import { readFileSync } from 'node:fs';

const FENCE = /^```(\w+) ([\w-]+)\n(.*?)^```$/gms;

/** A block of code on a page, named by the second word of its fence: what readers copy is what tests run. */
export interface Snippet {
  readonly language: string;
  readonly text: string;
}

/** The named blocks of a page, by name. `replace` puts other addresses in the place of those on the page. */
export function snippetsOf(file: string, replace: (text: string) => string): ReadonlyMap<string, Snippet> {
  const blocks = readFileSync(file, 'utf8').matchAll(FENCE);
  return new Map(
    [...blocks].map(([, language = '', name = '', text = '']) => [name, { language, text: replace(text) }]),
  );
}
