import type { PlantedBug } from '../bug';

const SECTIONS_SPECS = ['libs/contracts/src/stream-file/declared-sections.spec.ts'];

/** What a stream file means that declares sessions and attribution, and what is told of them. */
export const declaringBugs: readonly PlantedBug[] = [
  {
    name: 'metric-over-any-sessions',
    bug: 'a metric over sessions stays the same metric when sessions are others',
    patches: [
      {
        file: 'libs/contracts/src/stream-file/identity.ts',
        find: 'sha256(from === null ? counted : { ...counted, from })',
        replace: 'sha256(from === null ? counted : { ...counted, from: true })',
      },
    ],
    specs: SECTIONS_SPECS,
  },
  {
    name: 'hash-without-sessions',
    bug: 'stream files that declare other sessions are taken for the same',
    patches: [
      {
        file: 'libs/contracts/src/stream-file/identity.ts',
        find: '...(declared.sessions && { sessions: declared.sessions.identity }),',
        replace: '',
      },
    ],
    specs: SECTIONS_SPECS,
  },
  {
    name: 'rows-forgotten-too-early',
    bug: 'rows are kept for the longest session, and not for what is needed to know where it is cut',
    patches: [
      {
        file: 'libs/contracts/src/stream-file/retention-section.ts',
        find: 'maxDurationMs + lookbackMs({ gapMs, maxDurationMs }) + outOfOrdernessMs',
        replace: 'maxDurationMs + outOfOrdernessMs + 0 * lookbackMs({ gapMs, maxDurationMs })',
      },
    ],
    specs: SECTIONS_SPECS,
  },
  {
    name: 'cut-session-left-behind',
    bug: 'a cart is left behind where a session is cut, although its user goes on',
    patches: [
      {
        file: 'libs/core/src/sessions/session.ts',
        find: 'cart.length > 0 && purchases === 0 && !isCut',
        replace: 'cart.length > 0 && purchases === 0 && isCut !== null',
      },
    ],
    specs: ['libs/core/src/sessions/session-fields.spec.ts'],
  },
];
