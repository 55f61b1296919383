import type { PlantedBug } from '../bug';

const CLOSED = 'apps/query-api/src/view/closed-until.ts';
const COMPARISONS = 'apps/query-api/src/results/comparisons.ts';
const SPECS = ['apps/query-api/src/results/comparisons.spec.ts'];

/** Results beside earlier ones: when they are told, and what is said. */
export const comparingBugs: readonly PlantedBug[] = [
  {
    name: 'progress-before-finals',
    bug: 'it is told how far windows are closed before their finals are',
    patches: [
      {
        file: 'libs/engine/src/aggregator/aggregator-output.ts',
        find: '    for (const closed of aggregator.takeClosed()) {',
        replace: '    this.sendProgress(aggregator);\n    for (const closed of aggregator.takeClosed()) {',
      },
    ],
  },
  {
    name: 'progress-of-fastest-source',
    bug: 'windows of merged metrics are told to be closed when the fastest partition has passed them',
    patches: [
      {
        file: 'libs/engine/src/merge/merge-output.ts',
        find: 'this.progress.due(Math.min(...merge.frontiers()))',
        replace: 'this.progress.due(Math.max(...merge.frontiers()))',
      },
    ],
  },
  {
    name: 'compared-when-one-is-closed',
    bug: 'a window is compared with when one partition has closed it',
    patches: [{ file: CLOSED, find: 'return this.told.every(', replace: 'return this.told.some(' }],
    specs: SPECS,
  },
  {
    name: 'compared-news-by-newest-record',
    bug: 'a watch that goes on elsewhere is not told of changes that a partition has made possible before',
    patches: [
      {
        file: CLOSED,
        find: '      this.told.some(({ untilMs, offsets }, partition) => {',
        replace: '      this.told.every(({ untilMs, offsets }, partition) => {',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'absent-group-counts-as-nothing',
    bug: 'a group that having may have kept back is taken to have been 0',
    patches: [
      {
        file: COMPARISONS,
        find: 'absentValue(measure, metric.having !== null)',
        replace: 'absentValue(measure, false)',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'amounts-subtracted-as-doubles',
    bug: 'amounts are subtracted as doubles',
    patches: [
      {
        file: COMPARISONS,
        find: "kind === 'decimal' ? subtracted(String(now), String(before)) : Number(now) - Number(before)",
        replace: 'Number(now) - Number(before)',
      },
    ],
    specs: SPECS,
  },
  {
    name: 'compared-with-part-of-a-window',
    bug: 'a row is compared with a window that the view holds only in part',
    patches: [
      {
        file: 'apps/query-api/src/view/metric-rows.ts',
        find: ' && startMs >= this.seamMs ? window : null',
        replace: ' ? window : null',
      },
    ],
    specs: ['apps/query-api/src/view/result-view.spec.ts'],
  },
];
