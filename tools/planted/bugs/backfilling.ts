import type { PlantedBug } from '../bug';

const BACKFILL = 'libs/engine/src/backfill/backfill-metric.ts';
const UNTOLD = 'libs/engine/src/backfill/untold-spans.ts';
const PUBLISHER = 'libs/engine/src/backfill/finals-publisher.ts';
const ROWS = 'apps/query-api/src/view/metric-rows.ts';
const SPEC = 'tools/simulate/backfill.spec.ts';

/** A backfill that says more than it has done, or does what is not its own. */
export const backfillingBugs: readonly PlantedBug[] = [
  {
    name: 'backfill-complete-while-open',
    bug: 'a backfill says that a metric is complete while windows before those that services tell are open',
    patches: [
      { file: BACKFILL, find: 'if (Math.min(...this.doneThroughMs) >= toMs) break;', replace: 'if (at < toMs) break;' },
    ],
    specs: [SPEC],
  },
  {
    name: 'backfill-ahead-of-services',
    bug: 'a backfill does not wait for partitions that have not come to the metric',
    patches: [{ file: UNTOLD, find: 'behind.push(source);', replace: 'void behind;' }],
    specs: [SPEC],
  },
  {
    name: 'backfill-replaces-finals',
    bug: 'a backfill publishes a final where another one stands',
    patches: [
      {
        file: PUBLISHER,
        find: "if (found === 'missing') return true;",
        replace: "if (found !== 'equal') return true;",
      },
    ],
    specs: [SPEC],
  },
  {
    name: 'backfill-of-cut-windows',
    bug: 'a backfill takes windows of which raw has lost rows for whole',
    patches: [
      {
        file: BACKFILL,
        find: '    if (firstMs > fromMs && fromMs !== -Infinity) throw new BackfillRangeError(this.windowAt(firstMs));\n',
        replace: '',
      },
    ],
    specs: [SPEC],
  },
  {
    name: 'backfill-over-a-hole',
    bug: 'a query-api takes a metric for complete although a hole lies between a backfill and what services tell',
    patches: [{ file: ROWS, find: ' && backfill.untilMs >= wholeMs;', replace: ';' }],
    specs: ['apps/query-api/src/view/result-view.spec.ts'],
  },
];
