import type { PlantedBug } from '../bug';

const MERGE_TASK = 'libs/engine/src/merge/merge-task.ts';
const MERGE = 'libs/core/src/metrics/merge/window-merge.ts';
const MERGE_WINDOW = 'libs/core/src/metrics/merge/merge-window.ts';
const MERGE_SPEC = 'libs/core/src/metrics/merge/window-merge.spec.ts';
const IDLE = 'libs/engine/src/merge/idle-coordinator.ts';
const IDLE_SPEC = 'libs/engine/src/merge/idle-coordinator.spec.ts';

/** What becomes of the shares of all partitions, and who speaks for the idle ones. */
export const mergingBugs: readonly PlantedBug[] = [
  {
    name: 'merge-forgets-frontiers',
    bug: 'a merge task forgets the frontiers of its checkpoint',
    patches: [
      {
        file: MERGE_TASK,
        find: 'frontiers: this.frontiers,',
        replace: 'frontiers: new Map(),',
      },
    ],
  },
  {
    name: 'merge-resumes-at-position',
    bug: 'a merge task goes on at its position instead of its oldest open part',
    patches: [{ file: MERGE_TASK, find: 'seek: this.merge.lowWater() ?? this.next,', replace: 'seek: this.next,' }],
  },
  {
    name: 'merge-without-the-ignorant',
    bug: 'a partition that does not know a new metric yet closes its windows',
    patches: [{ file: MERGE, find: '    if (isAwaited) return false;\n', replace: '' }],
    specs: [MERGE_SPEC],
  },
  {
    name: 'merge-without-the-slowest',
    bug: 'a window is final when the fastest partition has passed its end',
    patches: [
      {
        file: MERGE,
        find: 'return endMs <= Math.min(...this.sources) - plan.metric.outOfOrdernessMs;',
        replace: 'return endMs <= Math.max(...this.sources) - plan.metric.outOfOrdernessMs;',
      },
    ],
    specs: [MERGE_SPEC],
  },
  {
    name: 'frontier-goes-back',
    bug: 'a merge task lets itself be led back by the older frontier of a zombie',
    patches: [
      {
        file: MERGE,
        find: 'this.sources[source] = Math.max(this.sources[source] ?? -Infinity, watermarkInputMs);',
        replace: 'this.sources[source] = watermarkInputMs;',
      },
    ],
    specs: [MERGE_SPEC],
  },
  {
    name: 'open-part-beats-frozen',
    bug: 'a part of an open window that comes after the frozen one takes its place',
    patches: [
      {
        file: MERGE_WINDOW,
        find: 'if (state < known || (state === known && newer < 0)) continue;',
        replace: 'if (state === known && newer < 0) continue;',
      },
    ],
    specs: [MERGE_SPEC],
  },
  {
    name: 'last-part-wins',
    bug: 'of the parts of an open window the last counts instead of the newest',
    patches: [
      {
        file: MERGE_WINDOW,
        find: 'if (state < known || (state === known && newer < 0)) continue;',
        replace: 'if (state < known) continue;',
      },
    ],
    specs: [MERGE_SPEC],
  },
  {
    name: 'low-water-of-newest-part',
    bug: "a merge task's low water is the newest part of a window instead of its oldest",
    patches: [
      {
        file: MERGE_WINDOW,
        find: 'lowest = Math.min(lowest, this.offsets[at] as number);',
        replace: 'lowest = Math.max(lowest === Infinity ? 0 : lowest, this.offsets[at] as number);',
      },
    ],
    specs: [MERGE_SPEC],
  },
  {
    name: 'idle-while-behind',
    bug: 'an idle partition is advanced although it is behind',
    patches: [{ file: IDLE, find: 'frontier.caughtUp && (', replace: '(' }],
    specs: [IDLE_SPEC],
    note: 'rows that stand in the log cannot become late, as the advance is behind them',
  },
  {
    name: 'idle-while-held',
    bug: 'an idle partition is advanced between hold and release',
    patches: [{ file: IDLE, find: 'if (all.some(([, { frontier }]) => frontier.held)) return [];', replace: '' }],
    specs: [IDLE_SPEC],
  },
];
