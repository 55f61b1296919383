import type { PlantedBug } from '../bug';

const AGGREGATOR = 'libs/engine/src/aggregator/aggregator-task.ts';
const OPENING = 'libs/engine/src/task/open-batch-task.ts';
const REBUILD = 'libs/engine/src/aggregator/rebuild.ts';
const SEARCH = 'libs/engine/src/task/batch-search.ts';
const LIFE = 'libs/core/src/metrics/metric-life.ts';
const PARTITION = 'libs/core/src/metrics/partition-aggregator.ts';
const CHECKPOINT = 'libs/core/src/metrics/checkpoint/metric-checkpoint.ts';
const STORE = 'libs/engine/src/memory/memory-checkpoint-store.ts';
const CHECKPOINT_SPEC = 'libs/core/src/metrics/checkpoint/checkpoint.spec.ts';
const STORE_SPEC = 'libs/engine/src/memory/memory.spec.ts';

/** What survives in the store, and what is made again from the log when nothing did. */
export const checkpointBugs: readonly PlantedBug[] = [
  {
    name: 'dropped-values-come-back',
    bug: 'a delta does not say that values of a top were dropped',
    patches: [
      {
        file: 'libs/core/src/metrics/measures/top-table.ts',
        find: 'writer.byte(isAll ? flags | REPLACED : flags);',
        replace: 'writer.byte(flags & TRUNCATED);',
      },
    ],
    specs: ['libs/core/src/metrics/measures/top.spec.ts'],
  },
  {
    name: 'deltas-added',
    bug: 'deltas are added to what is there instead of replacing it',
    patches: [
      {
        file: 'libs/core/src/metrics/slices/slice-codec.ts',
        find: 'readNumbers(plan, reader, slice.cells, entry * plan.width);\n    for',
        replace:
          'const at = entry * plan.width;\n    const before = slice.cells.slice(at, at + plan.width);\n' +
          '    readNumbers(plan, reader, slice.cells, at);\n' +
          '    before.forEach((value, i) => (slice.cells[at + i] = (slice.cells[at + i] as number) + value));\n    for',
      },
    ],
    specs: [CHECKPOINT_SPEC],
  },
  {
    name: 'restored-slice-twice',
    bug: 'a restored slice enters the running window twice',
    patches: [
      {
        file: CHECKPOINT,
        find: 'if (state.isRunning(slice.index)) state.running.shift(slice, 1);',
        replace:
          'if (state.isRunning(slice.index)) state.running.shift(slice, 1);\n' +
          '      if (state.isRunning(slice.index)) state.running.shift(slice, 1);',
      },
    ],
    specs: [CHECKPOINT_SPEC],
  },
  {
    name: 'restored-without-watermark',
    bug: 'a restored partition begins with the watermark of an empty log',
    patches: [
      {
        file: PARTITION,
        find: '{ next: saved.next, ...position }, lives);',
        replace: '{ next: saved.next, ...position, watermarkInputMs: -Infinity }, lives);',
      },
    ],
    specs: [CHECKPOINT_SPEC],
  },
  {
    name: 'restored-complete',
    bug: 'a checkpoint does not know from where on its windows are complete',
    patches: [
      {
        file: LIFE,
        find: 'return { ...before, metric, span: { ...before.span, untilMs: ALWAYS.untilMs } };',
        replace:
          'return { ...before, metric, completeFromMs: -Infinity, span: { ...before.span, untilMs: ALWAYS.untilMs } };',
      },
    ],
    specs: [CHECKPOINT_SPEC],
  },
  {
    name: 'load-not-verified',
    bug: 'a checkpoint is taken for whole although the store may have lost some of it while it was loaded',
    patches: [
      {
        file: OPENING,
        find: 'if (!(await isUnchanged(ports.store, name, token, claimed))) {',
        replace: 'if (Number.isNaN(claimed.next)) {',
      },
    ],
  },
  {
    name: 'loads-beyond-position',
    bug: 'what a commit that failed half-way has left behind is loaded (planted in the in-memory store)',
    patches: [
      {
        file: STORE,
        find: 'deltas.filter((delta) => delta.rawNext <= next)',
        replace: 'deltas.filter(() => next >= 0)',
      },
    ],
    specs: [STORE_SPEC],
  },
  {
    name: 'token-not-checked',
    bug: 'the store takes commits of an owner that has been replaced (planted in the in-memory store)',
    patches: [
      {
        file: STORE,
        find: "if (stored.token !== commit.fence.token) return 'not-mine';",
        replace: '',
      },
    ],
    specs: [STORE_SPEC],
  },
  {
    name: 'fence-not-checked',
    bug: 'the store takes commits of anybody at any position (planted in the in-memory store)',
    patches: [
      {
        file: STORE,
        find: "if (stored.token !== commit.fence.token) return 'not-mine';",
        replace: '',
      },
      {
        file: STORE,
        find: "if (stored.inc !== commit.fence.inc) return 'rolled-back';",
        replace: '',
      },
      {
        file: STORE,
        find: "if (stored.next !== commit.fence.next) return stored.next === commit.next ? 'mine-already' : 'rolled-back';",
        replace: '',
      },
    ],
    specs: [STORE_SPEC],
  },
  {
    name: 'rebuild-tells-parts',
    bug: 'a rebuild tells windows that it has only a part of',
    patches: [
      {
        file: REBUILD,
        find: 'completeFromMs: before.maxEventTimeMs + 1,',
        replace: 'completeFromMs: -Infinity,',
      },
    ],
  },
  {
    name: 'rebuild-at-newest',
    bug: 'a rebuild starts at the newest batch',
    patches: [
      {
        file: REBUILD,
        find: '(batch) => mayBegin(batch, oldestMs, frontier)',
        replace: '(batch) => oldestMs < Infinity || mayBegin(batch, oldestMs, frontier)',
      },
    ],
  },
  {
    name: 'rebuild-behind-untold-rows',
    bug: 'a rebuild starts behind rows that missed windows without anybody having been told',
    patches: [
      {
        file: REBUILD,
        find: 'return rawFrom < published.rawNext ||',
        replace: 'return rawFrom >= 0 || rawFrom < published.rawNext ||',
      },
    ],
  },
  {
    name: 'rebuild-with-empty-watermark',
    bug: 'a rebuild starts at the right batch with the watermark of an empty log',
    patches: [
      {
        file: REBUILD,
        find: '    before,\n    completeFromMs',
        replace: '    before: { ...before, watermarkInputMs: -Infinity },\n    completeFromMs',
      },
    ],
    specs: ['libs/engine/src/aggregator/rebuild.spec.ts'],
  },
  {
    name: 'rebuild-from-copy',
    bug: "a rebuild starts at a zombie's copy that stands behind newer batches",
    patches: [{ file: SEARCH, find: 'if (newer === null) return found;', replace: 'if (newer !== 0) return found;' }],
  },
  {
    name: 'late-counts-from-nought',
    bug: 'late counts begin at nought after a rebuild',
    patches: [
      {
        file: AGGREGATOR,
        find: 'aggregator.seedLateCounts(await lastLateCounts(reader, file, history.metrics(), partition));',
        replace: 'aggregator.seedLateCounts([]);',
      },
    ],
  },
  {
    name: 'late-rows-counted-again',
    bug: 'a rebuild counts late rows again that the published counts hold',
    patches: [
      {
        file: 'libs/core/src/metrics/late-counts.ts',
        find: 'if (rawOffset < count.countedThrough) return;',
        replace: '',
      },
    ],
    specs: [CHECKPOINT_SPEC],
  },
  {
    name: 'unsaved-late-counts-lost',
    bug: 'a checkpoint of a rebuilt task leaves out the late counts it was seeded with',
    patches: [
      {
        file: PARTITION,
        find: 'if (lateCounts) metric.late.restoreUnsaved(new ByteReader(lateCounts));',
        replace: 'if (!lateCounts) metric.late.restoreUnsaved(new ByteReader(new Uint8Array(1)));',
      },
    ],
    specs: [CHECKPOINT_SPEC],
  },
];
