import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createProgram } from './create-program';
import { recordingContext } from './testing/recording-context';

const ROOT = join(__dirname, '../../..');
const pages = [
  'README.md',
  'helm/tillstream/README.md',
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
];

/** What stands in code on a page: between backticks, or in a block of commands. */
function* codeOf(page: string): Generator<string> {
  const text = readFileSync(join(ROOT, page), 'utf8');
  for (const [, block = ''] of text.matchAll(/^```sh\n([\s\S]*?)^```/gm)) yield* block.split('\n');
  for (const [, span = ''] of text.matchAll(/`([^`\n]+)`/g)) yield span;
}

it.each(pages.filter((page) => page.endsWith('.md')))(
  '%s names commands of till that there are, with options that they have',
  (page) => {
    const program = createProgram(recordingContext());
    const wrong: string[] = [];
    for (const code of codeOf(page)) {
      const [, name, rest = ''] = /^(?:npm run -s )?till (?:-- )?([a-z][a-z-]*)(.*)$/.exec(code.trim()) ?? [];
      if (name === undefined) continue;
      const command = program.commands.find((one) => one.name() === name);
      const [, word] = /^ ([a-z][a-z-]*)/.exec(rest) ?? [];
      const named = command?.commands.find((one) => one.name() === word) ?? command;
      const known = new Set([...(command?.options ?? []), ...(named?.options ?? [])].flatMap(({ long }) => long ?? []));
      const options = [...rest.replace(/#.*$|'[^']*'|"[^"]*"/g, '').matchAll(/(?:^| )(--[a-z-]+)/g)].map(
        ([, option = '']) => option,
      );
      const unknown = options.filter((option) => option !== '--help' && !known.has(option));
      if (!named || unknown.length > 0) wrong.push(`till ${name}${unknown.map((option) => ` ${option}`).join('')}`);
    }
    expect(wrong).toEqual([]);
  },
);
