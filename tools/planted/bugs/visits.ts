import type { PlantedBug } from '../bug';

const CORE = 'libs/core/src/sessions';
const BOOK = `${CORE}/session-book.ts`;
const VISITOR = `${CORE}/visitor.ts`;
const STRETCH = `${CORE}/stretch.ts`;
const STATES = `${CORE}/user-states.ts`;
const APPENDER = `${CORE}/row-appender.ts`;
const SPECS = [`${CORE}/session-book.spec.ts`];
const LAWS = [`${CORE}/session-laws.spec.ts`];
const BOUNDS = [`${CORE}/session-bounds.spec.ts`];

/** What becomes of the sessions of users, and of what is told of them. */
export const visitBugs: readonly PlantedBug[] = [
  {
    name: 'visit-gap-excluded',
    bug: "a user's session does not go on across exactly the gap",
    patches: [
      { file: VISITOR, find: 'timeMs - stretch.lastMs <= gapMs &&', replace: 'timeMs - stretch.lastMs < gapMs &&' },
      { file: VISITOR, find: 'next.firstMs - lastMs > gapMs ||', replace: 'next.firstMs - lastMs >= gapMs ||' },
      { file: APPENDER, find: 'timeMs - lastMs > gapMs ||', replace: 'timeMs - lastMs >= gapMs ||' },
    ],
    specs: LAWS,
  },
  {
    name: 'visit-gap-longer',
    bug: 'a row one millisecond beyond the gap is appended to the session of a user who is asleep',
    patches: [{ file: APPENDER, find: 'timeMs - lastMs > gapMs ||', replace: 'timeMs - lastMs > gapMs + 1 ||' }],
    specs: LAWS,
  },
  {
    name: 'visit-merge-forgets',
    bug: 'a row that makes one of two sessions forgets the rows of the later one',
    patches: [{ file: VISITOR, find: 'before.absorb(after);', replace: '' }],
    specs: LAWS,
  },
  {
    name: 'visit-late-beside-closed',
    bug: "a row within the gap behind a user's closed session opens another one",
    patches: [{ file: BOOK, find: 'if (over && ', replace: 'if (over && over.isCut && ' }],
    specs: LAWS,
  },
  {
    name: 'visit-forgotten-too-soon',
    bug: 'a closed session is forgotten while rows can still be too late for it alone',
    patches: [{ file: VISITOR, find: 'this.over.lastMs + 2 * bounds.gapMs + 1', replace: 'this.over.throughMs + 1' }],
    specs: SPECS,
  },
  {
    name: 'visit-cut-forgotten-too-soon',
    bug: 'where a session was cut is forgotten while rows behind the line can still be near it',
    patches: [
      {
        file: VISITOR,
        find: 'this.over.lastMs + 2 * bounds.gapMs + 1',
        replace: 'this.over.throughMs + bounds.gapMs + 1',
      },
    ],
    specs: LAWS,
  },
  {
    name: 'visit-counted-twice',
    bug: 'rows that a half-written checkpoint counts are counted again',
    patches: [{ file: STATES, find: 'this.aheadTo.set(user, through);', replace: '' }],
    specs: SPECS,
  },
  {
    name: 'visit-told-by-nobody',
    bug: 'a session that the store still has, and that was told, is told again by whoever restores it',
    patches: [{ file: BOOK, find: 'this.closePassed(NaN);\n    this.closed = [];', replace: 'this.closePassed(NaN);' }],
    specs: SPECS,
  },
  {
    name: 'visit-returned-dropped',
    bug: 'the field of a user who came back before the checkpoint is dropped',
    patches: [{ file: STATES, find: 'if (!this.arena.has(user)) drops.push', replace: 'drops.push' }],
    specs: SPECS,
  },
  {
    name: 'visit-line-forgotten',
    bug: 'a session that goes on behind a line is not cut at the next one',
    patches: [{ file: VISITOR, find: '(isContinued ? 1 : 2)) * linesMs', replace: '2) * linesMs' }],
    specs: LAWS,
  },
  {
    name: 'visit-cut-too-late',
    bug: 'a session of a user who is asleep is looked at when it ends, not at the line where it is cut',
    patches: [
      {
        file: APPENDER,
        find: 'Math.min(timeMs + gapMs + 1, lineMs), true);\n    return true;',
        replace: 'timeMs + gapMs + 1, true);\n    return true;',
      },
    ],
    specs: LAWS,
  },
  {
    name: 'visit-not-brought-forward',
    bug: 'an older session that a row out of order opens waits for the newer one of its user',
    patches: [
      {
        file: `${CORE}/due-users.ts`,
        find: 'if (number >= (this.lists[user] as number)) return;',
        replace: 'if ((this.lists[user] as number) < Infinity) return;',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'visit-of-unknown-begin',
    bug: 'a session that began where rows are not known is told after a rebuild',
    patches: [
      { file: BOOK, find: 'return startMs - unsureMs(this.sessions) >= this.completeFromMs;', replace: 'return true;' },
    ],
    specs: SPECS,
  },
  {
    name: 'visit-cart-as-it-comes',
    bug: 'what comes last decides what lies in the cart, not what happened last',
    patches: [{ file: STRETCH, find: 'if ((cart[known] as CartTouch).timeMs > timeMs) return;', replace: '' }],
    specs: SPECS,
  },
  {
    name: 'visit-cart-of-first',
    bug: 'a cart remembers the products that were touched first, some of which come back with half of what happened to them',
    patches: [{ file: STRETCH, find: 'cart.shift();', replace: 'cart.pop();' }],
    specs: BOUNDS,
  },
  {
    name: 'visit-revenue-rounded',
    bug: 'the revenue of a session that is beyond exact numbers for a while stays wrong',
    patches: [
      {
        file: STRETCH,
        find: 'this.revenue = overflow === 0 ? sum : ',
        replace: 'this.revenue = overflow < 2 ? sum : ',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'visit-text-cut-in-silence',
    bug: 'a text of a session is cut, and nobody is told',
    patches: [{ file: `${CORE}/session-rows.ts`, find: 'this.current.isCut = true;', replace: '' }],
    specs: BOUNDS,
  },
];
