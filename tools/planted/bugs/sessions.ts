import type { PlantedBug } from '../bug';

const STATE = 'libs/core/src/metrics/sessions/session-state.ts';
const SPECS = ['libs/core/src/metrics/sessions/sessions.spec.ts'];

/** What becomes of sessions. */
export const sessionBugs: readonly PlantedBug[] = [
  {
    name: 'session-gap-excluded',
    bug: 'a session does not go on across exactly the gap',
    patches: [{ file: STATE, find: '- lastMs > gapMs) break;', replace: '- lastMs >= gapMs) break;' }],
    specs: SPECS,
  },
  {
    name: 'session-closed-forgotten',
    bug: 'a restored task does not know which sessions are over',
    patches: [
      {
        file: STATE,
        find: 'this.growTo(slot);\n          this.noteClosed(slot, first, last, through);',
        replace: 'this.growTo(slot);',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'session-timer-not-brought-forward',
    bug: 'an older session that a row out of order opens is closed with the newer one of its group',
    patches: [
      {
        file: STATE,
        find: 'if (slice.index > (this.oldest[slot] as number)) return;',
        replace: 'if (this.timers.nextMs < Infinity) return;',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'session-late-beside-closed',
    bug: 'a row within the gap behind a closed session opens another one',
    patches: [
      {
        file: STATE,
        find: 'const through = isCut ? endMs - 1 : endMs;',
        replace: 'const through = isCut ? endMs - 1 : lastMs;',
      },
    ],
    specs: SPECS,
  },
];
