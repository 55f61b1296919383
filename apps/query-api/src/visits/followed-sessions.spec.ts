import { setImmediate } from 'node:timers/promises';
import { toSessionMessage, type GetOpenSessionResponse } from '@tillstream/contracts';
import { silentTelemetry } from '@tillstream/engine';
import { MemoryResults } from '../testing/memory-results';
import { session, sessionRecord, visitedDefinition } from '../testing/visits';
import { systemClock } from '@tillstream/nest-runtime';
import { FollowedSessions } from './followed-sessions';

const definition = visitedDefinition();
const { isCut: _cut, closedBy: _by, ...open } = session('ann', 9_000, 9_100);
const answer: GetOpenSessionResponse = {
  sessions: [toSessionMessage(open, { partition: 1, exponent: 2 })],
  asOf: { partition: 1, rawNext: '12', watermark: null, appended: null },
};

/** A view that reads nothing by itself, and a topic with one session. */
function followed(): FollowedSessions {
  const results = new MemoryResults(definition);
  results.appendTo(definition.topics.sessions, 1, [sessionRecord(definition, session('ann', 9_000, 9_200))]);
  return new FollowedSessions(definition, {
    ...{ log: results.log, clock: systemClock, maxWaitMs: 5, retryMs: 1, sweepEveryMs: 60_000, mostRows: 10 },
    tracer: silentTelemetry.tracer,
    onTrouble: (_, error) => {
      throw error;
    },
    tracker: { of: async () => answer, close: () => undefined },
  });
}

const { key, value } = sessionRecord(definition, session('ann', 9_000, 9_200));
const read = { key, value, offset: 0, timestampMs: 0, headers: {} };

describe('the open sessions of somebody', () => {
  it('are told only when the view has what stood in the topic after the tracker’s answer', async () => {
    const sessions = followed();
    const asked = sessions.openNow('ann', new AbortController().signal);
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    sessions.view.apply(1, [read]);
    expect((await asked)?.sessions).toEqual([]);
    expect(sessions.withId('ann|9000000')).toMatchObject({ closed: true });
  });

  it('are unknown when the view does not get there', async () => {
    const waiting = new AbortController();
    const asked = followed().openNow('ann', waiting.signal);
    for (let turn = 0; turn < 20; turn += 1) await setImmediate();
    waiting.abort();
    expect(await asked).toBeNull();
  });
});
