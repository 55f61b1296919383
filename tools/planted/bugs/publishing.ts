import type { PlantedBug } from '../bug';

const ENRICHER = 'libs/engine/src/enricher/enricher-task.ts';
const TASK = 'libs/engine/src/task/batch-task.ts';
const OUTPUT = 'libs/engine/src/aggregator/aggregator-output.ts';
const MERGE = 'libs/engine/src/merge/merge-task.ts';

/** What is final is acknowledged before anything that passes it. */
export const publishingBugs: readonly PlantedBug[] = [
  {
    name: 'frontier-before-acks',
    bug: 'a frontier is sent before what it speaks for is acknowledged',
    patches: [
      {
        file: OUTPUT,
        find: 'await this.published();\n      telemetry',
        replace: 'telemetry',
      },
      {
        file: OUTPUT,
        find: 'await this.published();\n    this.sendFrontier(aggregator, isCaughtUp);',
        replace: 'this.sendFrontier(aggregator, isCaughtUp);',
      },
    ],
  },
  {
    name: 'failed-append-unnoticed',
    bug: 'an enricher whose last batch did not get into the log waits for the next record',
    patches: [{ file: ENRICHER, find: '      this.enriched.assertAlive();\n', replace: '' }],
    specs: ['libs/engine/src/enricher/enricher-task.spec.ts'],
  },
  {
    name: 'checkpoint-before-acks',
    bug: "an aggregator's checkpoint does not wait for what it passes",
    patches: [{ file: TASK, find: 'published: this.output.published(),', replace: 'published: Promise.resolve(),' }],
  },
  {
    name: 'checkpoint-before-parts',
    bug: 'neither a frontier nor a checkpoint waits for the shares of closed windows',
    patches: [
      {
        file: OUTPUT,
        find: 'await Promise.all(this.appenders.map((appender) => appender.flush()));',
        replace: 'await Promise.all([this.metrics, this.late].map((appender) => appender.flush()));',
      },
    ],
  },
  {
    name: 'checkpoint-before-late',
    bug: 'neither a frontier nor a checkpoint waits for late rows',
    patches: [
      {
        file: OUTPUT,
        find: 'await Promise.all(this.appenders.map((appender) => appender.flush()));',
        replace: 'await Promise.all([this.metrics, ...this.parts].map((appender) => appender.flush()));',
      },
    ],
  },
  {
    name: 'merge-checkpoint-before-acks',
    bug: "a merge task's checkpoint does not wait for what it passes",
    patches: [{ file: MERGE, find: 'published: this.output.published(),', replace: 'published: Promise.resolve(),' }],
  },
  {
    name: 'sends-after-failure',
    bug: 'after a failed append, what follows it is sent',
    patches: [
      {
        file: 'libs/engine/src/task/ordered-appender.ts',
        find: 'this.failed = true;',
        replace: 'this.failed = false;',
      },
    ],
    specs: ['libs/engine/src/task/ordered-appender.spec.ts'],
  },
  {
    name: 'one-key',
    bug: 'provisionals and finals have one key',
    patches: [
      {
        file: 'libs/contracts/src/results/result-records.ts',
        find: "${final ? 'f' : 'p'}|${windowKey(window)}|",
        replace: 'f|${windowKey(window)}|',
      },
    ],
    specs: ['libs/contracts/src/results/result-records.spec.ts'],
  },
  {
    name: 'long-shares-told-once',
    bug: 'shares of windows that stay open for long are told only when they change',
    patches: [
      {
        file: 'libs/engine/src/aggregator/aggregator-output.ts',
        find: 'of this.retelling.metrics)',
        replace: 'of this.retelling.metrics.slice(0, 0))',
      },
    ],
    specs: ['tools/simulate/long-windows.spec.ts'],
    note: 'nothing comes out wrong: a merge task that begins again reads more than it needs',
  },
  {
    name: 'revision-counter',
    bug: 'the revision of a final is a counter instead of a raw position',
    patches: [
      {
        file: 'libs/core/src/metrics/metric-aggregator.ts',
        find: 'private entries = new Int32Array(0);',
        replace: 'private entries = new Int32Array(0);\n  private closings = 0;',
      },
      {
        file: 'libs/core/src/metrics/metric-aggregator.ts',
        find: 'this.watermarkOf(inputMs)), offset + 1, (window',
        replace: 'this.watermarkOf(inputMs)), ++this.closings, (window',
      },
    ],
    specs: ['libs/core/src/metrics/partition-aggregator.spec.ts'],
  },
];
