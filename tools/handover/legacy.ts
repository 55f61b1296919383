import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { StreamDefinition } from '@tillstream/contracts';
import { formatProblems, parseStreamFile, topicSpecs } from '@tillstream/contracts';
import type { LogRecord } from '@tillstream/engine';
import { SeededRandom } from '@tillstream/engine/testing';
import { World } from '../simulate/world';
import { fromJson, toJson } from './plain-json';

/** What a platform has left behind in the middle of its work, as one killed without warning leaves it. */
export interface Legacy {
  /** The stream file. */
  readonly file: string;
  /** When it ended, on its own clock. */
  readonly nowMs: number;
  /** By topic, the records of each partition. */
  readonly log: ReadonlyMap<string, readonly (readonly LogRecord[])[]>;
  /** By task, its checkpoint. */
  readonly checkpoints: World['store']['tasks'];
}

export function definitionOf(file: string): StreamDefinition {
  const parsed = parseStreamFile(file, { file: 'handover.yaml' });
  if (!parsed.ok) throw new Error(formatProblems('handover.yaml', parsed.problems));
  return parsed.definition;
}

/** @param file the stream file of the world */
export function legacyOf(world: World, file: string): Legacy {
  const names = topicNamesOf(world.definition);
  return {
    file,
    nowMs: world.scheduler.nowMs,
    log: new Map(names.map((topic) => [topic, world.recordsOf(topic)])),
    checkpoints: world.store.snapshot(),
  };
}

/**
 * A world in which nothing runs yet and that has in it what another has left behind.
 *
 * @param topics those that are taken over; the others are empty
 */
export function inherit(legacy: Legacy, topics: readonly string[], seed: number): World {
  const definition = definitionOf(legacy.file);
  const world = new World(definition, new SeededRandom(seed), legacy.nowMs);
  for (const topic of topics) {
    if (topic === definition.topics.definitions) continue; // every world begins with it
    for (const [partition, records] of (legacy.log.get(topic) ?? []).entries()) {
      for (const record of records) {
        // The broker stamps what it is given, so its clock stands where it stood.
        world.brokerClockErrorMs = record.timestampMs - world.scheduler.nowMs;
        const offset = world.broker.append(topic, partition, [record]);
        if (offset !== record.offset) throw new Error(`${topic}/${partition} has no record ${offset} to be taken over`);
      }
    }
  }
  world.brokerClockErrorMs = 0;
  return world;
}

/** Every topic that a stream has. */
export function topicNamesOf(definition: StreamDefinition): readonly string[] {
  return topicSpecs(definition, 1).map(({ name }) => name);
}

export function writeLegacy(path: string, legacy: Legacy): void {
  writeFileSync(path, gzipSync(toJson(legacy), { level: 9 }));
}

export function readLegacy(path: string): Legacy {
  return fromJson<Legacy>(gunzipSync(readFileSync(path)).toString());
}
