import type { EventBatch, VisitNews } from '@tillstream/core';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { GapLedger } from '../task/gap-ledger';
import type { BatchFeed } from './batch-feed';
import type { TrackerInForce } from './tracker-in-force';
import { VisitFeed, eventsBeforeMs } from './visit-feed';

const batch = (name: string): EventBatch => ({ stream: name }) as EventBatch;

/** A feed of batches of events, and a tracker that makes of each the rows that it is told to. */
function feedOf(rows: readonly Partial<Pick<VisitNews, 'sessionRows' | 'attributionRows'>>[]): VisitFeed {
  const left = [...rows];
  const events = { partition: 0, next: () => Promise.resolve(left.length > 0 ? batch('events') : null) };
  const tracker = { apply: () => ({ sessionRows: [], attributionRows: [], ...left.shift() }) };
  return new VisitFeed(
    'sessions',
    events as unknown as BatchFeed,
    tracker as unknown as TrackerInForce,
    new GapLedger([]),
  );
}

describe('the rows of sessions, found once more', () => {
  it('are all that come of a batch of events, in however many batches, and nothing of attributions', async () => {
    const feed = feedOf([
      { sessionRows: [batch('1'), batch('2')], attributionRows: [batch('x')] },
      {},
      { attributionRows: [batch('y')] },
      { sessionRows: [batch('3')] },
    ]);
    const given: string[] = [];
    for (let next = await feed.next(); next; next = await feed.next()) given.push(next.stream);
    expect(given).toEqual(['1', '2', '3']);
  });

  it('need events from the longest session before, those of attributions from as long as views count', () => {
    const text = smallStreamFile().replace(
      'metrics:',
      `sessions: {gap: 30m, maxDuration: 12h}
attribution: {from: kind == 'view', to: kind == 'buy', on: [category], within: 20m}
metrics:`,
    );
    const definition = definitionFrom(text);
    expect(eventsBeforeMs(definition, 'sessions')).toBe(14 * 3_600_000);
    expect(eventsBeforeMs(definition, 'attributions')).toBe(20 * 60_000 + 1);
  });
});
