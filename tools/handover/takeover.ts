import type { StreamDefinition } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import type { World } from '../simulate/world';
import type { Legacy } from './legacy';
import { definitionOf, inherit, topicNamesOf } from './legacy';
import { closeAll, rest, shop, startServices } from './platform-life';

const SHOWN = 10;
const text = new TextDecoder();

/** What a version made of what another has left behind. */
export interface Takeover {
  /** Differences from what it makes of the raw log alone; empty: it has taken over as if all had been its own. */
  readonly problems: readonly string[];
  /** How many records were compared. */
  readonly compared: number;
}

/**
 * This version goes on where another has been killed: with its records, its checkpoints and what stood half done between
 * them. What it says in the end must be, byte for byte, what it says who reads the raw log alone.
 */
export async function takeOver(legacy: Legacy, seed: number): Promise<Takeover> {
  const definition = definitionOf(legacy.file);
  const heir = inherit(legacy, topicNamesOf(definition), seed);
  heir.store.rollBack(legacy.checkpoints);
  startServices(heir);
  await shop(heir, { seed, deliveries: 30, idPrefix: 'later-' });
  await closeAll(heir);

  const raw = { ...legacy, nowMs: heir.scheduler.nowMs, log: new Map([rawOf(heir)]) };
  const alone = inherit(raw, [definition.topics.raw], seed);
  startServices(alone);
  await rest(alone);

  const problems = [...stopsOf(heir), ...stopsOf(alone)];
  let compared = 0;
  for (const topic of lastingTopics(definition)) {
    const [found, wanted] = [lastingIn(heir.recordsOf(topic)), lastingIn(alone.recordsOf(topic))];
    compared += wanted.size;
    problems.push(...differencesOf(topic, found, wanted));
  }
  return { problems, compared };
}

function rawOf(world: World): [string, readonly (readonly LogRecord[])[]] {
  const { raw } = world.definition.topics;
  return [raw, world.recordsOf(raw)];
}

/** Those in which everything is said for good. */
function lastingTopics({ topics }: StreamDefinition): readonly string[] {
  return [topics.metrics, topics.sessions, topics.attributions, topics.late, topics.deadLetters];
}

/** The last record of each key that is final, by partition and key; of those without a key each line. */
function lastingIn(partitions: readonly (readonly LogRecord[])[]): ReadonlyMap<string, string> {
  const lasting = new Map<string, string>();
  partitions.forEach((records, partition) => {
    for (const { key, value } of records) {
      const said = value ? text.decode(value) : '';
      // How many lines go into a record depends on what came together. What is told of windows that are open comes and goes.
      if (!key) for (const line of said.split('\n')) lasting.set(`${partition} ${line}`, line);
      else if (!/^[pwb]\|/.test(text.decode(key))) lasting.set(`${partition} ${text.decode(key)}`, said);
    }
  });
  return lasting;
}

function differencesOf(
  topic: string,
  found: ReadonlyMap<string, string>,
  wanted: ReadonlyMap<string, string>,
): readonly string[] {
  const problems: string[] = [];
  for (const [name, value] of wanted) {
    const actual = found.get(name);
    if (actual === undefined) problems.push(`${topic}: ${name} is missing`);
    else if (actual !== value) problems.push(`${topic}: ${name} is ${actual}, not ${value}`);
  }
  for (const name of found.keys())
    if (!wanted.has(name)) problems.push(`${topic}: ${name} is more than there should be`);
  return problems.slice(0, SHOWN);
}

function stopsOf({ stoppedPartitions }: World): readonly string[] {
  return stoppedPartitions.map(({ topic, partition, reason }) => `${topic}/${partition} stands still: ${reason}`);
}
