import { encodeEventBatch } from '@tillstream/core';
import type { Feed, FeedRow, StreamDefinition } from '@tillstream/contracts';
import { decodeSinkDeadLetter, topicSpecs } from '@tillstream/contracts';
import { MemoryBroker } from '../memory/memory-broker';
import { MemoryGroup, MemoryGroupConsumer } from '../memory/memory-group';
import { MemoryLogReader, MemoryLogWriter, UNHARMED } from '../memory/memory-log';
import { MemorySink, MemorySinkData } from '../memory/memory-sink';
import { aSink, eventLog, sinkStream, type FeedLog } from '../ports/sink.fixture';
import { silentTelemetry } from '../ports/telemetry';
import type { SimulatedProcess } from '../simulation/scheduler';
import { Scheduler } from '../simulation/scheduler';
import { SeededRandom } from '../simulation/seeded-random';
import { PartitionSupervisor } from '../task/partition-supervisor';
import { openSinkTask, sinkInputs } from './open-sink-task';
import { PreparedSink } from './prepared-sink';

const START_MS = Date.UTC(2026, 0, 5, 12);
const SECOND_MS = 1_000;
const RECORDS = 40;
const FINALS = 60;
const MOST_STEPS = 12_000;
export const FEEDS: readonly Feed[] = ['events', 'finals'];
export const SINKS = [
  { name: 'knowing', knowsPosition: true },
  { name: 'upserting', knowsPosition: false },
] as const;
/** Finals of this revision are never taken. */
export const REFUSED = 3;
const utf8 = new TextEncoder();

/** Two stores outside, and processes that bring one stream's feeds to them while much goes wrong. */
export class SinkWorld {
  readonly random: SeededRandom;
  readonly definition: StreamDefinition;
  readonly broker: MemoryBroker;
  readonly stores = new Map(SINKS.map(({ name }) => [name as string, new MemorySinkData()]));
  /** Stores that do not answer. */
  readonly down = new Set<string>();
  /** Stores that take nothing until somebody acts. */
  readonly refusing = new Set<string>();
  /** Topics that nothing arrives at. */
  readonly stalled = new Set<string>();
  /** Nothing goes wrong any more. */
  calm = false;
  readonly scheduler: Scheduler;
  private readonly groups: ReadonlyMap<string, MemoryGroup>;
  private readonly processes: SimulatedProcess[] = [];
  readonly logs: readonly FeedLog[];
  /** What supervisors have said of partitions that stand still. */
  readonly supervisors: PartitionSupervisor[] = [];
  private readonly finalIds = new Map<number, string[]>();
  private readonly written: number[] = [];

  /** @param definition of the stream; its sinks are those of this world */
  constructor(seed: number, definition = sinkStream()) {
    this.definition = { ...definition, sinks: SINKS.map(({ name }) => declared(name)) };
    this.random = new SeededRandom(seed);
    this.scheduler = new Scheduler(this.random, START_MS);
    this.broker = new MemoryBroker(() => this.scheduler.nowMs);
    for (const { name, partitions } of topicSpecs(this.definition, 1)) this.broker.createTopic(name, partitions, true);
    this.groups = new Map(
      SINKS.map((sink) => [
        sink.name as string,
        new MemoryGroup(this.broker, sinkInputs(this.definition, declared(sink.name)), () => this.scheduler.nowMs, 5),
      ]),
    );
    this.logs = [0, 1].map((partition) => eventLog(this.definition, partition, RECORDS));
  }

  /** Batches in a chain, among them those of a writer that was away: they end where others have gone on. */
  writeEvents(most = RECORDS): void {
    for (const log of this.logs) {
      const written = this.written[log.partition] ?? 0;
      const until = Math.min(log.end, written + most);
      for (let from = written; from < until;) {
        const next = Math.min(until, from + 1 + this.random.below(6));
        this.appendBatch(log, from, next);
        if (this.random.chance(0.3)) this.appendBatch(log, from, Math.max(from + 1, next - this.random.below(4)));
        if (this.random.chance(0.2)) this.appendBatch(log, Math.max(0, from - 3), next);
        from = next;
      }
      this.written[log.partition] = until;
    }
  }

  /** Finals, some of them told again, among provisional results. */
  writeFinals(count = FINALS): void {
    for (const partition of [0, 1]) {
      const ids = this.finalIds.get(partition) ?? [];
      for (let i = 0; i < count; i += 1) {
        const told = this.random.chance(0.2) ? this.random.below(ids.length + 1) : ids.length;
        ids.push(this.appendResult('f', partition, told));
        if (this.random.chance(0.3)) this.appendResult('p', partition, told);
      }
      this.finalIds.set(partition, ids);
    }
  }

  /** A process of the service, with both sinks. */
  start(file = this.definition): SimulatedProcess {
    const process = this.scheduler.spawn(`writer-${this.processes.length}`);
    this.processes.push(process);
    const { turn, clock } = process;
    for (const { name, knowsPosition } of SINKS) {
      const data = this.stores.get(name) as MemorySinkData;
      const faults = {
        isDown: () => this.down.has(name) || this.strikes(0.02),
        refusesAll: () => (this.refusing.has(name) || this.strikes(0.005) ? 'there is no such bucket' : null),
        refuses: ({ values }: FeedRow) => (values['revision'] === REFUSED ? 'revision 3 is cursed' : null),
        losesAnswer: () => this.strikes(0.05),
      };
      const options = { knowsPosition, flushRows: 20, flushAgeMs: 300 };
      const sink = new PreparedSink(declared(name), new MemorySink(data, turn, options, faults));
      const ports = {
        writer: new MemoryLogWriter(this.broker, turn, {
          fateOf: () => UNHARMED,
          isStalled: (topic) => this.stalled.has(topic),
        }),
        reader: new MemoryLogReader(this.broker, turn, () => this.scheduler.nowMs),
        clock,
        random: this.random,
        telemetry: silentTelemetry,
      };
      const consumer = new MemoryGroupConsumer(this.groups.get(name) as MemoryGroup, process.name, turn);
      const supervisor = new PartitionSupervisor(ports, (source) => openSinkTask(ports, file, sink, source, consumer));
      this.supervisors.push(supervisor);
      void consumer.start(supervisor);
    }
    return process;
  }

  /** Does not wait for an answer: as by SIGKILL. */
  kill(process: SimulatedProcess): void {
    this.scheduler.kill(process);
    for (const group of this.groups.values()) group.leave(process.name);
  }

  /** As by SIGSTOP, for longer than the group waits. */
  async leaveForDead(process: SimulatedProcess, ms: number): Promise<void> {
    process.state = 'paused';
    for (const group of this.groups.values()) group.leave(process.name);
    await this.pass(ms);
    process.state = 'running';
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.scheduler.nowMs + ms;
    await this.scheduler.runUntil(() => this.scheduler.nowMs >= untilMs);
  }

  async runUntilStored(sinks: readonly string[]): Promise<void> {
    const { steps } = this.scheduler;
    const isStored = (): boolean => sinks.every((sink) => FEEDS.every((feed) => this.missing(sink, feed) === 0));
    await this.scheduler.runUntil(() => isStored() || this.scheduler.steps - steps > MOST_STEPS);
  }

  stored(sink: string, feed: Feed): readonly string[] {
    const rows = this.stores.get(sink)?.stored(feed) ?? [];
    return rows.map(({ table, id }) => `${table}|${id}`).sort();
  }

  expected(feed: Feed): readonly string[] {
    if (feed === 'events') return this.logs.flatMap((log) => idsBelow(log, this.written[log.partition] ?? 0)).sort();
    return [...new Set([...this.finalIds.values()].flat())].filter((id) => !isRefused(id)).sort();
  }

  /** What stands in the dead letters of a sink, each once, and what should. */
  deadLetters(sink: string): readonly string[] {
    const records = [0, 1].flatMap((partition) => this.broker.all(this.definition.topics.sinkDeadLetters, partition));
    const letters = records.flatMap((record) => decodeSinkDeadLetter(record) ?? []);
    const own = letters.filter((letter) => letter.sink === sink && letter.reason === 'revision 3 is cursed');
    return [...new Set(own.map(({ row }) => `${row.table}|${row.id}`))].sort();
  }

  refused(): readonly string[] {
    return [...new Set([...this.finalIds.values()].flat())].filter(isRefused).sort();
  }

  /** What is told to have been passed of the finals of a partition: by the group, and by the store. */
  passed(sink: string, partition: number): readonly (number | null)[] {
    const committed = this.groups.get(sink)?.committed(this.definition.topics.metrics, partition) ?? null;
    return [committed, this.stores.get(sink)?.position(`finals/${partition}`) ?? null];
  }

  /** Why partitions stand still. */
  stopped(): readonly string[] {
    const reasons = this.supervisors.flatMap(({ stoppedPartitions }) => stoppedPartitions.map(({ reason }) => reason));
    return [...new Set(reasons)].sort();
  }

  private missing(sink: string, feed: Feed): number {
    return this.expected(feed).length - this.stored(sink, feed).length;
  }

  private strikes(probability: number): boolean {
    return !this.calm && this.random.chance(probability);
  }

  /** The records [from, next) of a partition's log as one batch. */
  appendBatch(log: FeedLog, from: number, next: number): void {
    const { rows } = log.portion(from, next);
    if (rows.kind !== 'columns') throw new Error('events come in columns');
    const value = encodeEventBatch(rows.batch);
    this.broker.append(this.definition.topics.enriched, log.partition, [{ key: null, value }]);
  }

  appendResult(kind: 'f' | 'p', partition: number, told: number, { metrics } = this.definition): string {
    const { topics } = this.definition;
    const metric = metrics[told % metrics.length] as (typeof metrics)[number];
    const start = new Date(START_MS + told * 20 * SECOND_MS).toISOString();
    const end = new Date(START_MS + (told + 1) * 20 * SECOND_MS).toISOString();
    const group = metric.groupBy.length === 0 ? {} : { category: `c${partition}` };
    const key = `${kind}|${metric.identity}|${start}|${JSON.stringify(group)}`;
    const measures = metric.name === 'sales' ? { total: '1.50', orders: told } : { viewers: told };
    const value = {
      ...{ metric: metric.name, definition: metric.identity.slice(-8), window_start: start, window_end: end },
      ...{ group, measures, final: kind === 'f', revision: told + 1 },
    };
    this.broker.append(topics.metrics, partition, [
      { key: utf8.encode(key), value: utf8.encode(JSON.stringify(value)) },
    ]);
    return `${metric.identity}|${key}`;
  }
}

function isRefused(id: string): boolean {
  return id.includes(`|${new Date(START_MS + (REFUSED - 1) * 20 * SECOND_MS).toISOString()}|`);
}

function declared(name: string) {
  const feeds = FEEDS.map((feed) => ({ feed, filter: null, columns: null, metrics: null }));
  return aSink({ name, type: 'postgres', where: null, feeds });
}

/** All rows: this sink has no filter. */
function idsBelow(log: FeedLog, next: number): string[] {
  const { rows } = log.portion(0, next);
  if (rows.kind !== 'columns') throw new Error('events come in columns');
  const { records, rowIndexes } = rows.batch;
  const offsets = [...records.rowCounts].flatMap((count, record) =>
    Array.from({ length: count }, () => records.offsets[record]),
  );
  return offsets.map((offset, row) => `events|${log.partition}|${offset}|${rowIndexes[row]}`);
}
