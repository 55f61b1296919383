import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import type { HoppingMetric } from '@tillstream/core';
import { plainAlerts } from '@tillstream/core/testing';
import type { StreamDefinition } from '@tillstream/contracts';
import {
  decodeAlertRecord,
  encodeDefinition,
  encodeProgress,
  parseStreamFile,
  topicSpecs,
} from '@tillstream/contracts';
import { ImmediateTurn } from '../memory/immediate-turn';
import { MemoryBroker } from '../memory/memory-broker';
import { MemoryCheckpointStore, MemoryStoreData } from '../memory/memory-checkpoint-store';
import { MemoryLogReader, MemoryLogWriter } from '../memory/memory-log';
import type { PartitionSource, RecordHeaders } from '../ports/log';
import { SourceRevokedError } from '../ports/log';
import { silentTelemetry } from '../ports/telemetry';
import { SeededRandom } from '../simulation/seeded-random';
import { TaskRenewalError } from '../task/stop-partition';
import type { TaskPorts } from '../task/task-ports';
import { AlertTask } from './alert-task';

const NOW_MS = Date.UTC(2026, 0, 5, 12);
const MINUTE_MS = 60_000;
/** Turns of the event loop after which there is nothing left to do. */
const ENOUGH_TURNS = 30;
const utf8 = new TextEncoder();
const text = new TextDecoder();
const iso = (ms: number): string => new Date(ms).toISOString();

const FILE = `stream: shop
partitions: 2
key: [user]
eventTime: {field: at, outOfOrderness: 0s}
fields:
  at: {type: timestamp}
  user: {type: string}
  kind: {type: string}
metrics:
  events:
    groupBy: [kind]
    window: {size: 1m}
    measures: {events: count()}
    alert: {when: events > 1, for: 2}
  jumps:
    groupBy: [kind]
    window: {size: 1m}
    measures: {events: count()}
    alert: {when: 'change(events, 2m) > 0'}
`;

function definitionOf(file: string): StreamDefinition {
  const parsed = parseStreamFile(file, { file: 'shop.yaml' });
  if (!parsed.ok) throw new Error('the stream file has problems');
  return parsed.definition;
}

/** A metrics topic written by hand, and a task that decides about its alerts, opened again and again. */
class Shop {
  readonly definition = definitionOf(FILE);
  readonly broker = new MemoryBroker(() => NOW_MS);
  private readonly turn = new ImmediateTurn(() => NOW_MS);
  private readonly ports: TaskPorts = {
    writer: new MemoryLogWriter(this.broker, this.turn),
    reader: new MemoryLogReader(this.broker, this.turn, () => NOW_MS, 1),
    store: new MemoryCheckpointStore(new MemoryStoreData(), this.turn),
    clock: { nowMs: () => NOW_MS, monotonicMs: () => NOW_MS, sleep: () => Promise.resolve() },
    random: new SeededRandom(1),
    telemetry: { ...silentTelemetry, tracer: { ...silentTelemetry.tracer, contextOf: ({ headers }) => headers } },
  };

  constructor() {
    for (const { name, partitions } of topicSpecs(this.definition, 1)) this.broker.createTopic(name, partitions, true);
    this.putLive(this.definition);
  }

  putLive(definition: StreamDefinition): void {
    this.broker.append(definition.topics.definitions, 0, [encodeDefinition(definition)]);
    this.turn.changed();
  }

  /** The finals of a group of events in the window that begins so many minutes after the epoch. */
  final(partition: number, minute: number, kind: string, events: number, headers?: RecordHeaders): void {
    const [start, end] = [iso(minute * MINUTE_MS), iso((minute + 1) * MINUTE_MS)];
    const group = JSON.stringify({ kind });
    const value = `{"metric":"events","window_start":"${start}","window_end":"${end}","group":${group},"measures":{"events":${events}},"final":true,"revision":1}`;
    for (const { identity } of this.definition.metrics) {
      this.append(partition, `f|${identity}|${start}|${group}`, value, headers);
    }
  }

  /** In a partition, the windows that end by then are closed. */
  closed(partition: number, untilMinute: number): void {
    const told = this.definition.metrics.map((metric) => encodeProgress(metric, untilMinute * MINUTE_MS, partition));
    this.broker.append(this.definition.topics.metrics, partition, told);
    this.turn.changed();
  }

  /** Lives until everything that can be decided is; how the life ended. */
  async decide(): Promise<unknown> {
    let position = 0;
    const { alerts } = this.definition.topics;
    const source: PartitionSource = {
      topic: alerts,
      partition: 0,
      seek: (offset) => (position = offset),
      next: async () => {
        for (let turns = 0; turns < ENOUGH_TURNS; turns += 1) await nextTurn();
        const records = this.broker.slice(alerts, 0, position, 100);
        position += records.length;
        if (records.length === 0 && this.isEnough) throw new SourceRevokedError(alerts, 0);
        this.isEnough = true;
        return records;
      },
      logEndOffset: () => null,
      isRevoked: () => false,
      commit: () => undefined,
    };
    this.isEnough = false;
    const task = await AlertTask.open(this.ports, this.definition, source);
    const cause: unknown = await task.run().catch((thrown: unknown) => thrown);
    if (cause instanceof SourceRevokedError) await task.drain();
    task.close();
    return cause;
  }

  /** What was told of the first metric, or of another; repeated records once. */
  told(of = this.definition.metrics[0]!.name): string[] {
    const events = this.broker.all(this.definition.topics.alerts, 0).flatMap((record) => {
      const alert = decodeAlertRecord(record);
      if (alert.kind === 'decided' || alert.kind === 'unknown' || alert.metric !== of) return [];
      return [`${alert.kind} ${alert.groupKey} by ${alert.startMs / MINUTE_MS}, since ${alert.sinceMs / MINUTE_MS}`];
    });
    return [...new Set(events)];
  }

  private isEnough = false;

  /** The headers of what was told of the first metric. */
  contexts(): (readonly [string, RecordHeaders])[] {
    const { topics, metrics } = this.definition;
    return this.broker.all(topics.alerts, 0).flatMap((record) => {
      const alert = decodeAlertRecord(record);
      if (alert.kind === 'decided' || alert.kind === 'unknown' || alert.metric !== metrics[0]!.name) return [];
      return [[`${alert.kind} by ${alert.startMs / MINUTE_MS}`, record.headers] as const];
    });
  }

  private append(partition: number, key: string, value: string, headers: RecordHeaders = {}): void {
    this.broker.append(this.definition.topics.metrics, partition, [
      { key: utf8.encode(key), value: utf8.encode(value), headers },
    ]);
    this.turn.changed();
  }
}

const WEB = '{"kind":"web"}';

const KINDS = ['web', 'app'] as const;
const MINUTES = 7;

interface Told {
  readonly minute: number;
  readonly kind: (typeof KINDS)[number];
  readonly partition: number;
  readonly events: number;
}

const finals = fc.uniqueArray(
  fc.record<Told>({
    minute: fc.nat(MINUTES - 1),
    kind: fc.constantFrom(...KINDS),
    partition: fc.nat(1),
    events: fc.integer({ min: 1, max: 3 }),
  }),
  { selector: ({ minute, kind }) => `${minute} ${kind}`, minLength: 1 },
);

describe('who decides about alerts', () => {
  it('says what a plain reading of the finals says, whenever it begins anew', () =>
    fc.assert(
      fc.asyncProperty(
        finals,
        fc.array(fc.constantFrom(0, 1, 'decide'), { minLength: 8, maxLength: 24 }),
        async (told, steps) => {
          const shop = new Shop();
          const minutes = [0, 0];
          const next = (partition: number): void => {
            const minute = minutes[partition]!++;
            for (const one of told) {
              if (one.partition === partition && one.minute === minute) {
                shop.final(partition, minute, one.kind, one.events);
              }
            }
            shop.closed(partition, minute + 1);
          };
          for (const step of steps) {
            if (typeof step === 'string') await shop.decide();
            else if (minutes[step]! < MINUTES) next(step);
          }
          for (const partition of [0, 1]) while (minutes[partition]! < MINUTES) next(partition);
          await shop.decide();
          const rows = told.map(({ minute, kind, events }) => {
            return { startMs: minute * MINUTE_MS, group: JSON.stringify({ kind }), row: { events } };
          });
          for (const metric of shop.definition.metrics as readonly HoppingMetric[]) {
            const wanted = plainAlerts(metric, metric.alert!, rows, MINUTES * MINUTE_MS).map(
              ({ kind, group, startMs, sinceMs }) =>
                `${kind} ${group} by ${startMs / MINUTE_MS}, since ${sinceMs / MINUTE_MS}`,
            );
            expect(shop.told(metric.name).sort()).toEqual(wanted.sort());
          }
        },
      ),
      { numRuns: 200 },
    ));

  it('opens and resolves them by the finals of all partitions, once all have closed a window', async () => {
    const shop = new Shop();
    shop.final(0, 0, 'web', 5);
    shop.final(1, 1, 'web', 5);
    for (const until of [1, 2]) shop.closed(0, until);
    shop.closed(1, 1);
    await shop.decide();
    expect(shop.told()).toEqual([]);
    shop.closed(1, 2);
    for (const partition of [0, 1]) shop.closed(partition, 3);
    expect(await shop.decide()).toBeInstanceOf(SourceRevokedError);
    expect(shop.told()).toEqual([`opened ${WEB} by 1, since 0`, `resolved ${WEB} by 2, since 0`]);
  });

  it('remembers what is open and what was resolved', async () => {
    const shop = new Shop();
    for (const minute of [0, 1]) shop.final(0, minute, 'web', 5);
    for (const until of [2, 3, 4]) {
      for (const partition of [0, 1]) shop.closed(partition, until);
      await shop.decide();
    }
    expect(shop.told()).toEqual([`opened ${WEB} by 1, since 0`, `resolved ${WEB} by 2, since 0`]);
  });

  it('remembers which windows a partition has closed that has none of their results', async () => {
    const shop = new Shop();
    shop.final(1, 0, 'web', 5);
    for (const until of [1, 2]) shop.closed(0, until);
    shop.closed(1, 1);
    await shop.decide();
    shop.final(1, 1, 'web', 5);
    shop.closed(1, 2);
    await shop.decide();
    expect(shop.told()).toEqual([`opened ${WEB} by 1, since 0`]);
  });

  it('decides nothing before it has read on to where the log ended: the only copy of a final may stand there', async () => {
    const shop = new Shop();
    shop.final(0, 0, 'web', 5);
    for (const partition of [0, 1]) for (const until of [1, 2]) shop.closed(partition, until);
    shop.final(1, 1, 'web', 5); // told again by an owner that had lost the partition; the first copy is compacted away
    await shop.decide();
    expect(shop.told()).toEqual([`opened ${WEB} by 1, since 0`]);
  });

  it('goes on where the furthest word says, not the last, which may be of one who had lost the partition', async () => {
    const shop = new Shop();
    for (const minute of [0, 1]) shop.final(0, minute, 'web', 5);
    for (const partition of [0, 1]) shop.closed(partition, 1);
    await shop.decide();
    const { alerts, metrics } = shop.definition.topics;
    const first = shop.broker.all(alerts, 0).find(({ key }) => text.decode(key).startsWith('w|'));
    for (const partition of [0, 1]) shop.closed(partition, 2);
    await shop.decide();
    shop.broker.append(alerts, 0, [{ key: first!.key, value: first!.value }]);
    shop.broker.trim(metrics, 0, 2); // what was decided is no longer there
    for (const partition of [0, 1]) shop.closed(partition, 3);
    await shop.decide();
    expect(shop.told()).toEqual([`opened ${WEB} by 1, since 0`, `resolved ${WEB} by 2, since 0`]);
  });

  it('goes on with the trace of the final that has decided, which the first of its window in its partition has', async () => {
    const shop = new Shop();
    const trace = (id: number): RecordHeaders => ({ traceparent: Uint8Array.of(id) });
    shop.final(0, 0, 'web', 5, trace(1));
    shop.final(0, 1, 'app', 1, trace(2));
    shop.final(1, 1, 'app', 1, trace(3));
    shop.final(1, 1, 'web', 5);
    shop.final(1, 1, 'web', 5, trace(4)); // told again by another owner
    shop.final(0, 2, 'web', 1, trace(5));
    for (const minute of [3, 4, 5]) shop.final(0, minute, 'web', 5);
    shop.final(0, 6, 'app', 1, trace(6));
    for (const partition of [0, 1]) shop.closed(partition, 7);
    await shop.decide();
    expect(shop.contexts()).toEqual([
      ['opened by 1', trace(3)],
      ['resolved by 2', trace(5)],
      ['opened by 4', {}], // nothing of its window was sampled
      ['resolved by 6', {}], // there is nothing of the group
    ]);
  });

  it('begins anew when another stream file is put live', async () => {
    const shop = new Shop();
    const deciding = shop.decide();
    await nextTurn(); // it has begun
    shop.putLive(definitionOf(FILE.replace('for: 2', 'for: 1')));
    expect(await deciding).toBeInstanceOf(TaskRenewalError);
    shop.final(0, 0, 'web', 5);
    for (const partition of [0, 1]) shop.closed(partition, 1);
    await shop.decide();
    expect(shop.told()).toEqual([`opened ${WEB} by 0, since 0`]);
  });
});
