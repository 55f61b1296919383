import type { PlantedBug } from '../bug';

const SPEC = 'libs/core/src/metrics/totals.spec.ts';

/** What becomes of running totals. */
export const totalBugs: readonly PlantedBug[] = [
  {
    name: 'total-void-parts-count',
    bug: 'what a partition sent of a total before it began anew counts when it is read again',
    patches: [
      {
        file: 'libs/core/src/metrics/merge/merge-window.ts',
        find: 'if (part.startMs < (this.countedFromMs[source] as number)) return;',
        replace: 'if (part.startMs < (this.countedFromMs[source] as number)) this.forget(source);',
      },
    ],
    specs: [SPEC],
  },
  {
    name: 'total-counts-rows-from-before',
    bug: 'a total that begins anew counts rows that are older than what it says',
    patches: [
      {
        file: 'libs/core/src/metrics/metric-aggregator.ts',
        find: 'holds && (times[row] as number) >= countedFromMs',
        replace: 'holds && (times[row] as number) >= countedFromMs - 1000',
      },
    ],
    specs: [SPEC],
  },
  {
    name: 'total-not-whole-after-rebuild',
    bug: 'a rebuild does not read all rows for a total although the log has them',
    patches: [
      {
        file: 'libs/engine/src/aggregator/rebuild.ts',
        find: 'if (first.batch.before.rowsSeen === 0 && history.metrics().some(({ window }) => isTotal(window))) {',
        replace: 'if (first.batch.before.rowsSeen === 0 && first.batch.rows < 0) {',
      },
    ],
    specs: [SPEC],
  },
];
