import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseStreamFile } from './parse-stream-file';
import { formatProblems } from './problem';

const WRONG = join(__dirname, 'wrong');
const names = readdirSync(WRONG).filter((name) => name.endsWith('.yaml'));

describe('a wrong stream file', () => {
  it('is one of many', () => {
    expect(names.length).toBeGreaterThanOrEqual(40);
  });

  it.each(names)('%s is told what stands beside it (npm run golden -- --update writes that anew)', (name) => {
    const parsed = parseStreamFile(readFileSync(join(WRONG, name), 'utf8'), { file: name });
    const told = parsed.ok ? 'it is right' : `${formatProblems(name, parsed.problems)}\n`;
    expect(told).toBe(readFileSync(join(WRONG, name.replace(/\.yaml$/, '.txt')), 'utf8'));
  });
});
