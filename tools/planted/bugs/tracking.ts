import type { PlantedBug } from '../bug';

const OUTPUT = 'libs/engine/src/tracker/tracker-output.ts';
const TASK = 'libs/engine/src/tracker/tracker-task.ts';
const REBUILD = 'libs/engine/src/tracker/tracker-rebuild.ts';
const TRACK = 'libs/core/src/visits/track.ts';
const SESSIONS = 'libs/core/src/visits/session-track.ts';
const CHAIN = 'libs/core/src/visits/rows-chain.ts';
const STORE = 'libs/engine/src/memory/memory-checkpoint-store.ts';
const TRACKER_SPEC = 'libs/core/src/visits/visit-tracker.spec.ts';
const STORE_SPEC = 'libs/engine/src/memory/memory.spec.ts';

/** Sessions and attributions: what is said once, what is kept of each user, and what is made again from the log. */
export const trackingBugs: readonly PlantedBug[] = [
  {
    name: 'rows-before-acks',
    bug: 'rows of sessions are sent before what they speak for is acknowledged',
    patches: [{ file: OUTPUT, find: '.then(() => told)\n', replace: '' }],
  },
  {
    name: 'tracker-checkpoint-before-acks',
    bug: "a tracker's checkpoint does not wait for what it passes",
    patches: [{ file: OUTPUT, find: '    await this.rowsSent;\n', replace: '    await Promise.resolve();\n' }],
  },
  {
    name: 'tails-not-read',
    bug: 'a tracker does not look through where everything has been said',
    patches: [
      {
        file: TASK,
        find: 'partition: this.source.partition, tails: ends }',
        replace: 'partition: this.source.partition, tails: { sessions: null, attribution: ends && null } }',
      },
    ],
  },
  {
    name: 'said-again',
    bug: 'what stands in the log is said again by one who has not all of it any more',
    patches: [
      {
        file: TRACK,
        find: 'all.filter((one) => offsetOf(one) >= fromOffset)',
        replace: 'all.filter((one) => offsetOf(one) >= -1)',
      },
    ],
    specs: [TRACKER_SPEC],
  },
  {
    name: 'tracker-rebuild-too-late',
    bug: 'a tracker whose store is empty begins behind the begin of sessions that are open',
    patches: [
      {
        file: REBUILD,
        find: 'tail.after.watermarkInputMs - spanMs',
        replace: 'tail.after.watermarkInputMs - 0 * spanMs',
      },
    ],
  },
  {
    name: 'tracker-rebuild-behind-untold-rows',
    bug: 'a tracker whose store is empty begins behind late rows that nobody has told',
    patches: [{ file: REBUILD, find: 'rawFrom <= saidThrough && (', replace: 'rawFrom * saidThrough >= 0 && (' }],
  },
  {
    name: 'change-forgets-open',
    bug: 'a change of settings forgets the sessions that are open',
    patches: [
      {
        file: TRACK,
        find: 'this.ended = this.earlier?.takeTold() ?? [];',
        replace: 'this.ended = (this.earlier?.takeTold() ?? []).slice(0, 0);',
      },
    ],
    specs: [TRACKER_SPEC],
  },
  {
    name: 'change-takes-old-events',
    bug: 'settings that are new take events of before',
    patches: [
      {
        file: TRACK,
        find: 'return Math.max(watermarkInputMs, sinceMs + 1 + delayMs);',
        replace: 'return Math.max(watermarkInputMs, -Infinity * (1 + Math.abs(sinceMs + delayMs)));',
      },
    ],
    specs: [TRACKER_SPEC],
  },
  {
    name: 'fields-of-other-settings',
    bug: 'a field that was written under other settings is taken for one of these',
    patches: [
      {
        file: SESSIONS,
        find: 'user.epoch === this.origin.epoch ? this.book : user.epoch === saved.epoch ? this.earlier : null;',
        replace: 'this.earlier ?? this.book;',
      },
    ],
    specs: [TRACKER_SPEC],
  },
  {
    name: 'drops-anew-written',
    bug: 'what is written of a user under new settings is dropped with what was kept under the earlier ones',
    patches: [
      {
        file: SESSIONS,
        find: '.filter((field) => !kept.has(nameOf(field)))',
        replace: '.filter(() => kept.size >= 0)',
      },
    ],
    specs: [TRACKER_SPEC],
  },
  {
    name: 'rows-leave-watermark',
    bug: 'rows do not tell where the watermark has moved that has closed nothing',
    patches: [
      {
        file: CHAIN,
        find: 'if (row === before && movedMs === inputMs && payload === undefined) continue;',
        replace: 'if (row === before && payload === undefined) continue;',
      },
    ],
    specs: [TRACKER_SPEC],
  },
  {
    name: 'fields-dropped-first',
    bug: 'fields are dropped before the position moves (planted in the in-memory store)',
    patches: [
      {
        file: STORE,
        find: 'const puts = commit.fields?.puts ?? [];',
        replace:
          'const puts = commit.fields?.puts ?? [];\n    for (const field of commit.fields?.drops ?? []) this.data.tasks.get(task)?.fields.delete(nameOf(field));',
      },
    ],
    specs: [STORE_SPEC],
  },
  {
    name: 'fields-put-last',
    bug: 'fields are written when the position has moved (planted in the in-memory store)',
    patches: [
      {
        file: STORE,
        find: 'const refused = this.put(task, commit, at);',
        replace: "const refused: CommitOutcome = 'committed';",
      },
      {
        file: STORE,
        find: 'for (const field of fields?.drops ?? []) stored.fields.delete(nameOf(field));',
        replace:
          'for (const put of fields?.puts ?? []) stored.fields.set(nameOf(put.field), { field: put.field.slice(), bytes: put.bytes.slice() });\n' +
          '    for (const field of fields?.drops ?? []) stored.fields.delete(nameOf(field));',
      },
      {
        file: STORE,
        find: "if (puts > 0 && stored.puts !== puts) return 'rolled-back';",
        replace: "if (puts < 0) return 'rolled-back';",
      },
    ],
    specs: [STORE_SPEC],
  },
];
