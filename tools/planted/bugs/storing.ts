import type { PlantedBug } from '../bug';

const SINKS = 'libs/engine/src/sinks';
const LIVES = [`${SINKS}/sink-task.spec.ts`];
const STOPS = [`${SINKS}/sink-stops.spec.ts`];

/** The way of feeds into stores outside. */
export const storingBugs: readonly PlantedBug[] = [
  {
    name: 'sink-commits-early',
    bug: 'a sink’s group offset is committed before the rows below it are stored',
    patches: [
      {
        file: `${SINKS}/sink-task.ts`,
        find: '    let refused = 0;\n',
        replace: '    let refused = 0;\n    this.work.source.commit(this.added);\n',
      },
    ],
    specs: LIVES,
  },
  {
    name: 'sink-overlap-again',
    bug: 'a batch of which a store has the first part goes there whole',
    patches: [
      {
        file: `${SINKS}/event-intake.ts`,
        find: 'selected: select(batch, from) }',
        replace: 'selected: select(batch, batch.rawFrom) }',
      },
    ],
    specs: LIVES,
  },
  {
    name: 'sink-passes-hole',
    bug: 'a sink passes a hole in the log in silence',
    patches: [
      {
        file: `${SINKS}/event-intake.ts`,
        find: "verdict === 'hole' && gaps.behind(from) < batch.rawFrom",
        replace: "verdict === 'hole' && gaps.behind(from) > batch.rawFrom",
      },
    ],
    specs: STOPS,
  },
  {
    name: 'sink-begins-anew',
    bug: 'a sink begins with what the log still holds when its position has expired',
    patches: [
      {
        file: `${SINKS}/feed-start.ts`,
        find: '  if (seek < begin) stopBefore(',
        replace: '  if (seek < begin) return { next: null, seek: begin };\n  if (seek < begin) stopBefore(',
      },
    ],
    specs: STOPS,
  },
  {
    name: 'sink-trusts-last-batch',
    bug: 'a sink goes on behind the last batch below its group offset, which a writer that was away may have copied',
    patches: [
      {
        file: `${SINKS}/feed-start.ts`,
        find: 'next = Math.max(next ?? 0, readableBatch(record)?.rawNext ?? 0);',
        replace: 'next = readableBatch(record)?.rawNext ?? next;',
      },
    ],
    specs: [...LIVES, ...STOPS],
  },
  {
    name: 'sink-refused-not-kept',
    bug: 'the rows that a store refuses are passed before they are kept',
    patches: [
      {
        file: `${SINKS}/refused-rows.ts`,
        find: 'await Promise.all(portions.map((portion) => writer.append(topics.sinkDeadLetters, partition, portion)));',
        replace:
          'void Promise.all(portions.map((portion) => writer.append(topics.sinkDeadLetters, partition, portion))).catch(() => null);',
      },
    ],
    specs: STOPS,
  },
  {
    name: 'sink-knows-newest-only',
    bug: 'finals of a metric that is gone from the file are stored once more, in the table of undeclared ones',
    patches: [
      {
        file: `${SINKS}/ever-declared.ts`,
        find: 'metrics: own?.metrics() ?? newest.metrics,',
        replace: 'metrics: own?.newest.metrics ?? newest.metrics,',
      },
    ],
    specs: STOPS,
  },
  {
    name: 'sink-misses-new-file',
    bug: 'finals of a metric that was put live meanwhile are stored as undeclared ones',
    patches: [
      {
        file: `${SINKS}/known-definitions.ts`,
        find: 'if (!rows.every(isKnown)) await this.assertCurrent();',
        replace: 'if (!rows.every(isKnown)) await Promise.resolve();',
      },
    ],
    specs: STOPS,
  },
  {
    name: 'sink-keeps-back-before-hole',
    bug: 'what stands before a hole is not stored until somebody accepts the hole',
    patches: [
      {
        file: `${SINKS}/sink-task.ts`,
        find: "return cause.code !== 'sink-refused';",
        replace: "return cause.code === 'sink-refused';",
      },
    ],
    specs: STOPS,
  },
  {
    name: 'sink-prepared-once',
    bug: 'a sink that could not be prepared once is never prepared again',
    patches: [
      {
        file: `${SINKS}/prepared-sink.ts`,
        find: '      this.preparing = null;\n',
        replace: '      this.preparing ??= null;\n',
      },
    ],
    specs: STOPS,
  },
];
