import { readFileSync } from 'node:fs';
import { describeVariables, KNOWN_NAMES } from '@tillstream/config';
import { withVariables } from './configuration-page';
import { SERVICES } from './services';

const page = readFileSync('docs/configuration.md', 'utf8');
/** Tables are drawn with columns of one width. */
const squeezed = (text: string): string => text.replace(/-{3,}/g, '---').replace(/ +/g, ' ').replace(/\n+/g, '\n');

describe('docs/configuration.md', () => {
  it('tells of every variable what its service says of it; else run node tools/bootstrap/run.mjs configuration', () => {
    expect(squeezed(page)).toBe(squeezed(withVariables(page, SERVICES)));
  });

  it('says of each what it is for', () => {
    const silent = SERVICES.flatMap(({ variables }) => describeVariables(variables)).filter(
      ({ about }) => about === '',
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });
});

describe('the names that a configuration file may have', () => {
  it('are those of all services', () => {
    const all = new Set(SERVICES.flatMap(({ variables }) => Object.keys(variables)));
    expect([...KNOWN_NAMES].sort()).toEqual([...all].sort());
  });
});
