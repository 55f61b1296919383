import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeControl } from '@tillstream/contracts';
import { SeededRandom } from '@tillstream/engine/testing';
import { until } from '../e2e/platform';
import { lostEvents } from './checks/acknowledged';
import { FinalWatcher } from './checks/final-watcher';
import { mistakesIn } from './checks/logs';
import { liveBytes, swollen } from './checks/memory';
import { wrongAnswers } from './checks/query-answers';
import { settledOutcome } from './checks/verdict';
import type { Outcome, Written } from './checks/verdict';
import { Load } from './load/load';
import type { Plan, Strike } from './plan';
import { ChaosStage } from './stage/chaos-stage';

const SETTLE_WITHIN_MS = 120_000;
const READ_WITHIN_MS = 20_000;
const COMPACTED_WITHIN_MS = 15_000;
/** Everything closes: the longest window and bound are 15 minutes. */
const AFTER_LOAD_MS = 90 * 60_000;

export interface RunOptions {
  /** Everything that processes say and keep goes here. */
  readonly directory: string;
  /** Directory of the built services. */
  readonly services: string;
  readonly say: (line: string) => void;
}

/** What became of one run. */
export interface RunReport {
  readonly problems: readonly string[];
  /** How often each fault has struck. */
  readonly struck: Readonly<Record<string, number>>;
  readonly acknowledged: number;
  readonly finals: number;
  /** Records of the results that compaction had removed when the fresh reader came. */
  readonly compacted: number;
}

/** One run: a platform under load, the faults of the plan at their times, and then what must be true all the same. */
export async function run(plan: Plan, { directory, services, say }: RunOptions): Promise<RunReport> {
  const startedMs = performance.now();
  const timed = (line: string): void =>
    say(`${((performance.now() - startedMs) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
  const { smallDisk, compaction } = plan;
  const stage = await ChaosStage.open({ directory, services, smallDisk, compaction, say: timed });
  const watcher = new FinalWatcher(stage.broker.address, stage.definition);
  try {
    const levels = await liveBytes(stage.services.slots);
    const startMs = Date.now() - plan.startAgoMs;
    timed('load begins');
    const load = new Load(stage, { ...plan.load, startMs });
    stage.clients = load;
    const problems = [...(await strikeAll(stage, plan))];
    await stage.heal();
    await load.finish();
    timed(`load ends: ${load.summary} acknowledged`);
    await closeWindows(stage, startMs);

    const outcome = await settledOutcome(stage, SETTLE_WITHIN_MS);
    const compacted = compaction ? await compactedRecords(stage) : 0;
    problems.push(...outcome.problems, ...lostEvents(load.acknowledged, rawOf(stage, outcome.written)));
    problems.push(...(await watcher.compare(outcome.written.get(stage.definition.topics.metrics) ?? [])));
    problems.push(...(await askFreshReader(stage, outcome)));
    problems.push(...swollen(stage.services.slots, levels, await liveBytes(stage.services.slots)));
    problems.push(...mistakesIn(stage.services.slots));
    if (problems.length > 0) dump(directory, outcome.written);
    const finals = outcome.expected.finals.length;
    timed(`${finals} finals, ${watcher.count} watched; ${problems.length === 0 ? 'all is right' : 'WRONG'}`);
    return { problems, struck: countsOf(plan.strikes), acknowledged: load.count, finals, compacted };
  } finally {
    await watcher.close();
    await stage.close();
  }
}

/** Every fault at its time. @returns faults that could not be played to their end */
async function strikeAll(stage: ChaosStage, { strikes, loadMs }: Plan): Promise<readonly string[]> {
  const problems: string[] = [];
  await Promise.all([
    stage.sleep(loadMs),
    ...strikes.map(async ({ atMs, fault, seed }) => {
      await stage.sleep(atMs);
      stage.say(`${fault.name} …`);
      try {
        stage.say(`${fault.name}: ${await fault.strike(stage, new SeededRandom(seed))}`);
      } catch (error) {
        problems.push(
          `${fault.name} could not be played: ${error instanceof Error ? (error.stack ?? '') : String(error)}`,
        );
      }
    }),
  ]);
  return problems;
}

/** So much event time passes that every window closes, as far as append times allow; then idleness decides nothing more. */
async function closeWindows(stage: ChaosStage, startMs: number): Promise<void> {
  const { platform, definition } = stage;
  await platform.advance(startMs + AFTER_LOAD_MS);
  await platform.writer.append(definition.topics.raw, 0, [encodeControl({ kind: 'hold' })]);
}

/** Somebody who has seen nothing so far reads what compaction has left, and is asked. */
async function askFreshReader(stage: ChaosStage, { expected }: Outcome): Promise<readonly string[]> {
  const fresh = await stage.services.add('query-api');
  if (fresh?.grpc == null) throw new Error('there is no place for a fresh query-api');
  const { grpc } = fresh;
  await stage.allReady();
  let problems: readonly string[] = [];
  await until('a fresh reader to show the finals', READ_WITHIN_MS, async () => {
    problems = await wrongAnswers(`fresh ${fresh.name}`, grpc, stage.definition, expected);
    return problems.length === 0;
  }).catch(() => undefined);
  return problems;
}

/** Waits a little for compaction to have removed something: so many records are gone. */
async function compactedRecords(stage: ChaosStage): Promise<number> {
  const { platform, definition } = stage;
  const topic = definition.topics.metrics;
  let removed = 0;
  await until('compaction', COMPACTED_WITHIN_MS, async () => {
    removed = (await platform.readTopic(topic)).reduce((sum, records) => {
      const last = records.at(-1)?.offset ?? -1;
      return sum + last + 1 - records.length;
    }, 0);
    return removed > 0;
  }).catch(() => undefined);
  stage.say(`compaction has removed ${removed} results`);
  return removed;
}

function rawOf(stage: ChaosStage, written: Written): NonNullable<ReturnType<Written['get']>> {
  return written.get(stage.definition.topics.raw) ?? [];
}

function countsOf(strikes: readonly Strike[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { fault } of strikes) counts[fault.name] = (counts[fault.name] ?? 0) + 1;
  return counts;
}

/** What stood in the topics, for whoever looks for the reason: a line a record. */
function dump(directory: string, written: Written): void {
  const text = new TextDecoder();
  for (const [topic, partitions] of written) {
    const lines = partitions.flatMap((records, partition) =>
      records.map(({ offset, timestampMs, key, value, headers }) =>
        JSON.stringify({
          partition,
          offset,
          timestampMs,
          key: key && text.decode(key),
          value: value && text.decode(value),
          headers: Object.keys(headers),
        }),
      ),
    );
    writeFileSync(join(directory, `${topic}.jsonl`), lines.join('\n'));
  }
}
