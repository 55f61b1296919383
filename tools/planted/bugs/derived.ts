import type { PlantedBug } from '../bug';

const HORIZON = 'libs/engine/src/merge/horizon.ts';
const HORIZON_SPECS = ['libs/engine/src/merge/horizon.spec.ts'];
const VERIFY = ['tools/simulate/verify.spec.ts'];
const MIRRORED = ['tools/simulate/mirrored.spec.ts'];

/** What becomes of metrics over sessions and attributions. */
export const derivedBugs: readonly PlantedBug[] = [
  {
    name: 'horizon-without-gap',
    bug: 'idle partitions are led on only until windows over events are closed, not until sessions are',
    patches: [
      { file: HORIZON, find: 'sessions.outOfOrdernessMs + sessions.gapMs', replace: 'sessions.outOfOrdernessMs' },
    ],
    specs: HORIZON_SPECS,
  },
  {
    name: 'horizon-without-windows-behind',
    bug: 'idle partitions are led on until sessions are closed, not until the windows over these are',
    patches: [{ file: HORIZON, find: 'Math.max(1, behind.sessions)', replace: '1' }],
    specs: HORIZON_SPECS,
  },
  {
    name: 'derived-history-of-events',
    bug: 'whoever works on a derived stream takes metrics over events for those that another stream file declares',
    patches: [
      {
        file: 'libs/engine/src/definitions/definition-history.ts',
        find: 'applied.push(seenFrom(file, definition));',
        replace: 'applied.push(definition);',
      },
    ],
    specs: ['libs/engine/src/definitions/definition-history.spec.ts'],
  },
  {
    name: 'derived-gaps-of-events',
    bug: 'what is given up of events is given up of derived streams too',
    patches: [
      {
        file: 'libs/engine/src/task/gap-ledger.ts',
        find: 'return of === null ? service : `${service}:${of}`;',
        replace: 'return of === null ? service : service;',
      },
    ],
    specs: MIRRORED,
  },
  {
    name: 'visits-always-awaited',
    bug: 'a session that does not stand in its topic is taken for one that the service has not come to',
    patches: [
      {
        file: 'libs/engine/src/verify/standing-visits.ts',
        find: "if (saidBy >= (this.toldThrough[partition] ?? 0)) return 'awaited';",
        replace: "return 'awaited';",
      },
    ],
    specs: VERIFY,
  },
  {
    name: 'visits-under-one-file',
    bug: 'sessions are computed once more under the file they begin under, whatever is put live behind it',
    patches: [
      {
        file: 'libs/engine/src/recompute/tracker-in-force.ts',
        find: 'if (history && !this.isInForce) this.renew(history);',
        replace: 'if (history && !this.isInForce) void this.renew;',
      },
    ],
    specs: VERIFY,
  },
  {
    name: 'visits-without-what-was-before',
    bug: 'sessions of a range are computed once more without the events from before it',
    patches: [
      {
        file: 'libs/engine/src/recompute/visit-feed.ts',
        find: "if (of === 'sessions') return sessions ? lookbackMs(sessions) : 0;",
        replace: "if (of === 'sessions') return sessions ? 0 : 0;",
      },
    ],
    specs: VERIFY,
  },
  {
    name: 'visits-first-batch-only',
    bug: 'of the rows that one batch of events brings about only the first batch is computed with once more',
    patches: [
      {
        file: 'libs/engine/src/recompute/visit-feed.ts',
        find: "this.waiting.push(...(this.of === 'sessions' ? sessionRows : attributionRows));",
        replace: "this.waiting.push(...(this.of === 'sessions' ? sessionRows : attributionRows).slice(0, 1));",
      },
    ],
    specs: ['libs/engine/src/recompute/visit-feed.spec.ts'],
  },
  {
    name: 'alerts-of-events-only',
    bug: 'metrics over derived streams alert nobody',
    patches: [
      {
        file: 'libs/engine/src/alerts/alert-task.ts',
        find: 'streamsOf(newest).flatMap((stream) => stream.metrics.filter(isAlerting))',
        replace: 'streamsOf(newest).slice(0, 1).flatMap((stream) => stream.metrics.filter(isAlerting))',
      },
    ],
    specs: MIRRORED,
  },
  {
    name: 'late-rows-in-one-order',
    bug: 'late rows that one task tells are taken for copies because another task was further',
    patches: [
      {
        file: 'libs/engine/src/late/late-log.ts',
        find: 'const furthest = told.get(identity);',
        replace: 'const furthest = [...told.values()].at(-1);',
      },
    ],
    specs: ['apps/query-api/src/grpc/list-late.spec.ts'],
  },
];
