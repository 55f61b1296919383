import fc from 'fast-check';
import type { VisitNews, VisitTracker } from '@tillstream/core';
import { anEventBatch } from '@tillstream/core/testing';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import type { LogWriter, NewRecord, RecordHeaders } from '../ports/log';
import type { TaskPorts } from '../task/task-ports';
import { silentTelemetry } from '../ports/telemetry';
import { TrackerOutput } from './tracker-output';

const DEFINITION = definitionFrom(`${smallStreamFile(1)}sessions: {gap: 1m}\n`);
const NOTHING: VisitNews = {
  ...{ sessions: [], attributions: [], lateVisits: [], lateTouches: [] },
  ...{ sessionRows: [], attributionRows: [] },
};
const LATE = { rawOffset: 0, index: 0, latenessMs: 5_000, json: '{}', missedStartMs: 0 };
const context = (id: number): RecordHeaders => ({ traceparent: Uint8Array.of(id) });

/** Has each of some news to tell, one after the other. */
function trackerWith(...news: readonly Partial<VisitNews>[]): VisitTracker {
  const left = news.map((some) => ({ ...NOTHING, ...some }));
  const tracker: Partial<VisitTracker> = { takeNews: () => left.shift() ?? NOTHING };
  return tracker as VisitTracker;
}

describe('what a tracker tells', () => {
  const written = new Map<string, NewRecord[]>();
  const writer: Pick<LogWriter, 'append'> = {
    append: (topic, _partition, records) => {
      const log = written.get(topic) ?? [];
      written.set(topic, log);
      return Promise.resolve(log.push(...records));
    },
  };
  const headersIn = (topic: string) => (written.get(topic) ?? []).map(({ headers }) => headers);

  it('goes on with the trace of the batch that it comes from, also when it is sent behind the next one', async () => {
    const output = new TrackerOutput({ writer, telemetry: silentTelemetry } as TaskPorts, DEFINITION, 0);
    const rows = { sessionRows: fc.sample(anEventBatch, { numRuns: 1, seed: 1 }), lateVisits: [LATE] };
    const tracker = trackerWith(rows, rows);
    for (const id of [1, 2]) {
      output.speakFor(context(id));
      await output.publishFinals(tracker);
    }
    await output.published();
    const { sessionRows, late } = DEFINITION.topics;
    expect(headersIn(sessionRows)).toEqual([context(1), context(2)]);
    expect(headersIn(late)).toEqual([context(1), context(2)]);
  });
});
