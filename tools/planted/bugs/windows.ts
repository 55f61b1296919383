import type { PlantedBug } from '../bug';

const METRIC = 'libs/core/src/metrics/metric-aggregator.ts';
const CLOSER = 'libs/core/src/metrics/window-closer.ts';
const PARTITION_SPEC = 'libs/core/src/metrics/partition-aggregator.spec.ts';

/** What a partition makes of its rows. */
export const windowBugs: readonly PlantedBug[] = [
  {
    name: 'watermark-within-record',
    bug: 'a row is judged by the watermark that its own record has moved',
    patches: [
      {
        file: METRIC,
        find: 'this.applyRows(intake, view.rowStarts[record] as number, view.rowStarts[end] as number);\n      if (closing',
        replace: 'if (closing',
      },
      {
        file: METRIC,
        find: '}\n      record = end;',
        replace:
          '}\n      this.applyRows(intake, view.rowStarts[record] as number, view.rowStarts[end] as number);\n' +
          '      record = end;',
      },
    ],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'late-for-any-window',
    bug: 'a row is late as soon as one of its windows is closed',
    patches: [{ file: METRIC, find: 'if (newest < firstOpen) return;', replace: 'if (oldest < firstOpen) return;' }],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'late-by-batch',
    bug: 'the lateness of a row is told by the watermark at the beginning of its batch',
    patches: [
      {
        file: METRIC,
        find: 'const input = record === firstRecord ? inputBeforeMs : (inputAfterMs[record - 1] as number);',
        replace: 'const input = record >= firstRecord ? inputBeforeMs : (inputAfterMs[record - 1] as number);',
      },
    ],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'distinct-one-window-too-far',
    bug: 'distinct members are counted one window too far',
    patches: [
      {
        file: 'libs/core/src/metrics/measures/distinct-counter.ts',
        find: 'oldestWindowOf(windows, after) - 1)',
        replace: 'oldestWindowOf(windows, after))',
      },
    ],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'top-ties-by-arrival',
    bug: 'of equal amounts of a top the value that came first wins',
    patches: [
      {
        file: 'libs/core/src/metrics/measures/ranking.ts',
        find: 'members.compare(of.members[a] as number, of.members[b] as number) < 0',
        replace: 'a < b',
      },
    ],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'window-keeps-oldest-slice',
    bug: 'a window that moves on keeps its oldest slice',
    patches: [{ file: CLOSER, find: 'state.running.shift(last, -1);', replace: '' }],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'end-of-uneven-window-counts',
    bug: 'where the hop does not divide the size, an event at the end of a window counts in it',
    patches: [
      {
        file: 'libs/core/src/windowing/sliced-windows.ts',
        find: '>= sizeMs % hopMs ? 1 : 0',
        replace: '> sizeMs % hopMs ? 1 : 0',
      },
    ],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'late-row-beside-running-window',
    bug: 'a row for a slice that the running window holds does not reach it',
    patches: [
      {
        file: METRIC,
        find: 'for (const entry of touched) state.running.shiftEntry(slice, entry, slice.slots[entry] as number, 1);',
        replace: '',
      },
      {
        file: METRIC,
        find: 'for (const entry of touched) state.running.shiftEntry(slice, entry, slice.slots[entry] as number, -1);',
        replace: '',
      },
    ],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'having-on-parts-only',
    bug: 'a final is told for groups that do not satisfy having',
    patches: [
      {
        file: 'libs/core/src/metrics/results/result-builder.ts',
        find: 'const satisfied = held === null || held[row] === 1;',
        replace: 'const satisfied = head.final || held === null || held[row] === 1;',
      },
    ],
    specs: [PARTITION_SPEC],
  },
  {
    name: 'regular-expression-anchored',
    bug: 'a regular expression is looked for at the begin of a text only',
    patches: [
      {
        file: 'libs/core/src/expression/pattern/compile-pattern.ts',
        find: 'const anew = closure(states, [start], false, false);',
        replace: 'const anew = closure(states, [], false, false);',
      },
    ],
    specs: ['libs/core/src/expression/pattern/compile-pattern.spec.ts'],
  },
];
