import { readFileSync } from 'node:fs';
import { transformSync } from 'esbuild';
import { patched } from './bug';
import { plantedBugs } from './bugs';
import { tableOf, withTable, FIRST, LAST } from './table';

describe('planted bugs', () => {
  it.each(plantedBugs.map((bug) => [bug.name, bug] as const))(
    '%s can still be planted',
    (_name, { patches, specs }) => {
      for (const file of new Set(patches.map((patch) => patch.file))) {
        const source = readFileSync(file, 'utf8');
        const planted = patched(file, source, patches);
        expect(planted).not.toBe(source);
        expect(() => transformSync(planted, { loader: 'ts' })).not.toThrow();
      }
      for (const spec of specs ?? []) expect(() => readFileSync(spec)).not.toThrow();
    },
  );

  it('have names of their own, and there are many', () => {
    expect(new Set(plantedBugs.map(({ name }) => name)).size).toBe(plantedBugs.length);
    expect(plantedBugs.length).toBeGreaterThanOrEqual(40);
  });

  it('refuse a snippet that is not there, or there twice', () => {
    const patch = { file: 'a.ts', find: 'x', replace: 'y' };
    expect(patched('a.ts', 'x + 1', [patch])).toBe('y + 1');
    expect(patched('b.ts', 'x + x', [patch])).toBe('x + x');
    expect(() => patched('a.ts', 'z', [patch])).toThrow(/0 times/);
    expect(() => patched('a.ts', 'x + x', [patch])).toThrow(/2 times/);
  });
});

describe('the table of planted bugs', () => {
  const [bug] = plantedBugs;
  if (!bug) throw new Error('there is no bug');

  it('says who noticed each, and after how many lives', () => {
    const tests = [{ spec: 'tools/simulate/directed.spec.ts', name: 'a | b' }];
    const table = tableOf(
      [
        { bug, lives: 7, problem: 'missing final: x', tests: [] },
        { bug, lives: 9, problem: null, tests },
        { bug, lives: 9, problem: null, tests: [] },
      ],
      9,
    );
    expect(table).toContain('3 bugs: 1 are noticed by chance within 9 lives, 1 more by directed schedules');
    expect(table).toContain(`| ${bug.bug} | 7 | missing final |`);
    expect(table).toContain(`| ${bug.bug} | – | \`directed\`: a / b |`);
    expect(table).toContain(`| ${bug.bug} | – | nobody |`);
  });

  it('takes the place of the one before', () => {
    expect(withTable(`a\n${FIRST}\nold\n${LAST}\nb`, 'new')).toBe(`a\n${FIRST}\n\nnew\n\n${LAST}\nb`);
    expect(() => withTable('a', 'new')).toThrow('no place');
  });

  it('has a row on the page for each bug there is, and nobody has failed to notice it', () => {
    const page = readFileSync('docs/guarantees.md', 'utf8');
    const rows = page.slice(page.indexOf(FIRST), page.indexOf(LAST)).split('\n');
    const told = rows.filter((row) => row.startsWith('| ')).slice(2);
    expect(told.map((row) => row.split(' | ')[0]?.slice(2)).sort()).toEqual(plantedBugs.map((one) => one.bug).sort());
    expect(told.filter((row) => row.split(' | ')[2]?.startsWith('nobody'))).toEqual([]);
  });
});
