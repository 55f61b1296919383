import type { PlantedBug } from '../bug';

const FOLLOWED = 'apps/query-api/src/visits/followed-sessions.ts';
const OPEN = 'apps/session-tracker/src/open-sessions.ts';
const ROWS = 'apps/query-api/src/view/recent-rows.ts';
const ANSWERS = ['apps/query-api/src/grpc/visits.spec.ts'];
const TRACKER = ['apps/session-tracker/src/session-service.spec.ts'];
const VIEW = ['apps/query-api/src/view/recent-rows.spec.ts'];

/** Questions about visits: what is open, what is over, and what is no longer known. */
export const askingBugs: readonly PlantedBug[] = [
  {
    name: 'closed-while-asked',
    bug: 'a session that is closed while it is asked for is neither open nor over',
    patches: [
      { file: FOLLOWED, find: '    await this.view.reached(asOf.partition, end, inTime);\n', replace: '' },
      { file: FOLLOWED, find: '    if (this.view.positions[asOf.partition]! < end) return null;\n', replace: '' },
    ],
    specs: ['apps/query-api/src/visits/followed-sessions.spec.ts'],
  },
  {
    name: 'open-and-over',
    bug: 'a session that is over is told as open, too, as long as the tracker has it',
    patches: [{ file: FOLLOWED, find: '!over.some((closed) => isOneOf(closed, open))', replace: 'over.length >= 0' }],
    specs: ANSWERS,
  },
  {
    name: 'half-read-purchase',
    bug: 'a purchase is told before all of its views have been read',
    patches: [
      {
        file: 'apps/query-api/src/grpc/list-attributions.ts',
        find: 'row.touch === row.rows && rows.length === row.rows',
        replace: 'row.touch === 1',
      },
    ],
    specs: ANSWERS,
  },
  {
    name: 'page-begins-with-last',
    bug: 'a page of sessions begins with the last one of the page before',
    patches: [
      {
        file: 'apps/query-api/src/history/merged-rows.ts',
        find: 'compareGroups(row.id, id)) <= 0',
        replace: 'compareGroups(row.id, id)) < 0',
      },
    ],
    specs: ANSWERS,
  },
  {
    name: 'no-room-in-silence',
    bug: 'sessions that there was no room for go in silence',
    patches: [{ file: ROWS, find: '    this.completeOnlyFrom(gone[0]!.timeMs + 1);\n', replace: '' }],
    specs: VIEW,
  },
  {
    name: 'expired-in-silence',
    bug: 'sessions that were kept long enough go in silence',
    patches: [
      {
        file: ROWS,
        find: '    this.completeOnlyFrom(expired.reduce((fromMs, { timeMs }) => Math.max(fromMs, timeMs + 1), appendMs));\n',
        replace: '',
      },
    ],
    specs: VIEW,
  },
  {
    name: 'left-field-is-open',
    bug: 'a field that has not been dropped yet is told as an open session',
    patches: [
      {
        file: OPEN,
        find: '  return endMs + gapMs >= watermarkInputMs - outOfOrdernessMs;',
        replace: '  return endMs + gapMs + outOfOrdernessMs + watermarkInputMs > -Infinity;',
      },
    ],
    specs: TRACKER,
  },
  {
    name: 'settings-of-the-file',
    bug: 'open sessions are read under the stream file of the service, whatever is in force',
    patches: [{ file: OPEN, find: 'if (isMeant(this.file)) return', replace: 'if (this.file.sessions) return' }],
    specs: TRACKER,
  },
];
