import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { earliestCloseMs } from '@tillstream/core';
import { judgesOf } from './judges';

const TEXT = smallStreamFile().replace(
  'metrics:',
  "sessions: {gap: 30m}\nattribution: {from: kind == 'view', to: kind == 'buy', on: [category], within: 30m}\nmetrics:",
);

describe('what an event may be too late for', () => {
  it('is every metric over events, and sessions and attribution where they are declared', () => {
    expect(judgesOf(definitionFrom(smallStreamFile())).map(({ name }) => name)).toEqual(['sales', 'spend', 'visitors']);
    const declared = definitionFrom(TEXT);
    const judges = judgesOf(declared);
    expect(judges.map(({ name }) => name)).toEqual(['sales', 'spend', 'visitors', 'sessions', 'attribution']);
    expect(judges.slice(3).map(({ identity }) => identity)).toEqual([
      declared.sessions?.identity,
      declared.attribution?.identity,
    ]);
  });

  it('lets go of sessions more than the gap behind an event, and of views and purchases at once', () => {
    const [, , , sessions, attribution] = judgesOf(definitionFrom(TEXT));
    if (!sessions || !attribution) throw new Error('nothing was declared');
    expect(earliestCloseMs(sessions.window, 1_000)).toBe(1_000 + 30 * 60_000 + 1);
    expect(earliestCloseMs(attribution.window, 1_000)).toBe(1_001); // late iff time < watermark
  });
});
