import type { PlantedBug } from '../bug';

const FOLD = 'libs/core/src/alerts/alert-fold.ts';
const JUDGE = 'libs/core/src/alerts/alert-windows.ts';
const LANE = 'libs/engine/src/alerts/alert-lane.ts';
const LOG = 'libs/engine/src/alerts/alert-log.ts';
const TASK = 'libs/engine/src/alerts/alert-task.ts';
const FOLD_SPECS = ['libs/core/src/alerts/alert-fold.spec.ts'];
const TASK_SPECS = ['libs/engine/src/alerts/alert-task.spec.ts'];

/** Alerts: when a window is decided, what is looked at, and what whoever decides remembers. */
export const alertingBugs: readonly PlantedBug[] = [
  {
    name: 'alerts-when-one-has-closed',
    bug: 'a window is decided for alerts when one partition has closed it',
    patches: [
      {
        file: LANE,
        find: 'this.fold.decide(Math.min(...this.closedUntilMs))',
        replace: 'this.fold.decide(Math.max(...this.closedUntilMs))',
      },
    ],
  },
  {
    name: 'alerts-go-on-at-position',
    bug: 'who decides about alerts goes on at its position instead of the oldest final that it needs',
    patches: [{ file: LANE, find: '      return from;\n', replace: '      return offset;\n' }],
    specs: TASK_SPECS,
  },
  {
    name: 'alerts-of-another-trace',
    bug: 'an alert goes on with the trace of the window in another partition than that of its final',
    patches: [{ file: LANE, find: '?.[told.partition])', replace: '?.[0])' }],
    specs: TASK_SPECS,
  },
  {
    name: 'alerts-forget-what-is-open',
    bug: 'who decides about alerts does not know which are open when it starts',
    patches: [
      {
        file: LOG,
        find: 'if (openedMs <= decidedMs && !resolved.has(id)) open.set',
        replace: 'if (openedMs < -Infinity) open.set',
      },
    ],
    specs: TASK_SPECS,
  },
  {
    name: 'alerts-remember-what-is-resolved',
    bug: 'an alert that was resolved is open again when who decides starts',
    patches: [{ file: LOG, find: 'openedMs <= decidedMs && !resolved.has(id)', replace: 'openedMs <= decidedMs' }],
    specs: TASK_SPECS,
  },
  {
    name: 'alerts-begin-rows-anew',
    bug: 'windows in a row are counted anew when who decides about alerts starts',
    patches: [{ file: FOLD, find: 'this.isWarm = start.decidedMs === -Infinity;', replace: 'this.isWarm = true;' }],
    specs: FOLD_SPECS,
  },
  {
    name: 'alerts-skip-empty-windows',
    bug: 'windows without results resolve no alert and end no row',
    patches: [
      {
        file: FOLD,
        find: 'this.groups.size > 0 ? this.decided + hopMs : Infinity',
        replace: 'Infinity',
      },
    ],
    specs: FOLD_SPECS,
  },
  {
    name: 'alerts-open-again-and-again',
    bug: 'an alert that is open is opened by every further window',
    patches: [
      {
        file: FOLD,
        find: 'if (state.run < forWindows || state.open) continue;',
        replace: 'if (state.run < forWindows) continue;',
      },
    ],
    specs: FOLD_SPECS,
  },
  {
    name: 'alerts-take-unknown-for-nothing',
    bug: 'a window of which nothing was told counts as one in which nothing happened',
    patches: [
      {
        file: JUDGE,
        find: 'if (window === undefined || window.size === 0) return NaN;',
        replace: 'if (window === undefined) return absent;',
      },
    ],
    specs: FOLD_SPECS,
  },
  {
    name: 'alerts-forget-history-too-soon',
    bug: 'finals are forgotten that later windows are compared with',
    patches: [{ file: FOLD, find: 'hopMs - this.judge.reachMs;', replace: 'hopMs;' }],
    specs: FOLD_SPECS,
  },
  {
    name: 'alerts-forget-closed-windows',
    bug: 'who decides about alerts forgets which windows the partitions have closed',
    patches: [
      {
        file: TASK,
        find: 'new AlertLane(metric, schema.partitions, exponent, start, progress?.closedUntilMs)',
        replace: 'new AlertLane(metric, schema.partitions, exponent, start)',
      },
    ],
    specs: TASK_SPECS,
  },
  {
    name: 'alerts-decide-before-reading-on',
    bug: 'a window is decided although the only copy of a final that compaction has left stands further behind',
    patches: [
      {
        file: TASK,
        find: '    if (this.next.some((offset, partition) => offset < (this.target[partition] ?? 0))) return;\n',
        replace: '',
      },
    ],
    specs: TASK_SPECS,
  },
  {
    name: 'alerts-believe-the-last-progress',
    bug: 'of what is said to be decided the last word counts instead of the furthest',
    patches: [
      {
        file: LOG,
        find: 'if (decoded.decidedMs >= (progress.get(decoded.identity)?.decidedMs ?? -Infinity)) {',
        replace: 'if (decoded.decidedMs <= (progress.get(decoded.identity)?.decidedMs ?? Infinity)) {',
      },
    ],
    specs: TASK_SPECS,
  },
];
