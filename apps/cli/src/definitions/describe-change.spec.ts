import { changeOf } from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { describeChange } from './describe-change';

const SINKS = `sinks:
  hook: {type: webhook, where: https://x, what: [finals, late]}
  out: {type: console, what: [finals]}
`;

function told(from: string, to: string): string[] {
  const [live, file] = [definitionFrom(smallStreamFile() + from), definitionFrom(smallStreamFile() + to)];
  return describeChange(changeOf(live, file), live, file)
    .split('\n')
    .map((line) => line.trim());
}

describe('what another stream file would change', () => {
  it('names sinks that come, and what they need', () => {
    expect(told('', SINKS)).toEqual(
      expect.arrayContaining([
        '+ sink hook, webhook: finals, late',
        '+ sink out, console: finals',
        'Sinks are written as the file says that the sink-writer is started with.',
        'A new sink begins with the oldest that the topics hold.',
        'A topic is needed that may not be there: `till topics --create`.',
      ]),
    );
  });

  it('names sinks that go or are different, and says no more of them', () => {
    const lines = told(SINKS, 'sinks:\n  out: {type: console, what: [finals, late], mode: complete}\nlake: off\n');
    expect(lines).toEqual(expect.arrayContaining(['- sink hook', '~ sink out: late, mode', '- sink lake']));
    expect(lines.filter((line) => /new sink|topic/.test(line))).toEqual([]);
    expect(told(SINKS, SINKS).filter((line) => /[Ss]ink/.test(line))).toEqual([]);
  });
});
