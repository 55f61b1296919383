import type { StreamDefinition } from '@tillstream/contracts';
import { encodeDefinition, topicSpecs } from '@tillstream/contracts';
import {
  AGGREGATOR,
  ENRICHER,
  EnricherTask,
  PartitionSupervisor,
  TRACKER,
  aggregatorInputs,
  openAggregator,
  openTrackerTask,
  silentTelemetry,
  trackerInputs,
  type LogRecord,
  type NewRecord,
  type PartitionSource,
  type StoppedPartition,
  type TaskPorts,
} from '@tillstream/engine';
import {
  MemoryBroker,
  MemoryCheckpointStore,
  MemoryGroup,
  MemoryGroupConsumer,
  MemoryLogReader,
  MemoryLogWriter,
  MemoryStoreData,
  Scheduler,
  type SeededRandom,
  type SimulatedProcess,
} from '@tillstream/engine/testing';
import { Weather } from './weather';

export type ServiceName = typeof ENRICHER | typeof AGGREGATOR | typeof TRACKER;

/** A life of one replica of one service. */
export interface Replica {
  readonly service: ServiceName;
  readonly process: SimulatedProcess;
  /** Names of the group memberships it has had; the last is the current one. */
  memberships: number;
  readonly join: () => void;
}

/** Changes how a world is built, to plant a bug and see it caught. */
export interface Sabotage {
  readonly ports?: (ports: TaskPorts) => TaskPorts;
}

/** All services of one platform on in-memory ports, in one process, under one scheduler. */
export class World {
  readonly scheduler: Scheduler;
  readonly broker: MemoryBroker;
  readonly store = new MemoryStoreData();
  readonly weather: Weather;
  /** How far the broker's clock, which stamps appends, is ahead of the world's. */
  brokerClockErrorMs = 0;
  private readonly groups: Record<ServiceName, MemoryGroup>;
  private readonly supervisors: { readonly process: SimulatedProcess; readonly supervisor: PartitionSupervisor }[] = [];
  private readonly topicNames = new Set<string>();
  private spawned = 0;

  constructor(
    readonly definition: StreamDefinition,
    private readonly random: SeededRandom,
    startMs: number,
    private readonly sabotage: Sabotage = {},
  ) {
    this.scheduler = new Scheduler(random, startMs);
    this.weather = new Weather(random);
    this.broker = new MemoryBroker(() => this.nowMs() + this.brokerClockErrorMs);
    this.createTopics(definition);
    const { raw, definitions } = definition.topics;
    this.broker.append(definitions, 0, [encodeDefinition(definition)]);
    this.groups = {
      [ENRICHER]: new MemoryGroup(this.broker, [raw], this.nowMs, 4),
      [AGGREGATOR]: new MemoryGroup(this.broker, aggregatorInputs(definition), this.nowMs, 4),
      [TRACKER]: new MemoryGroup(this.broker, trackerInputs(definition), this.nowMs, 4),
    };
  }

  /** Those of a definition that are not there yet. */
  createTopics(definition: StreamDefinition): void {
    for (const { name, partitions, configs } of topicSpecs(definition, 1)) {
      if (this.topicNames.has(name)) continue;
      this.topicNames.add(name);
      this.broker.createTopic(name, partitions, configs['message.timestamp.type'] === 'LogAppendTime');
    }
  }

  /** A process that only writes, as a gateway or a foreign producer does. */
  spawnWriter(name: string): { process: SimulatedProcess; writer: MemoryLogWriter } {
    const process = this.scheduler.spawn(name);
    return { process, writer: new MemoryLogWriter(this.broker, process.turn, this.weather, this.nowMs) };
  }

  start(service: ServiceName): Replica {
    this.spawned += 1;
    const process = this.scheduler.spawn(`${service}-${this.spawned}`);
    const ports = (this.sabotage.ports ?? ((same) => same))(this.portsOf(process));
    const { definition } = this;
    const group = this.groups[service];
    const replica: Replica = {
      service,
      process,
      memberships: 0,
      join: () => {
        replica.memberships += 1;
        const id = memberId(replica);
        const consumer = new MemoryGroupConsumer(group, id, process.turn);
        const supervisor = new PartitionSupervisor(ports, (source) =>
          service === TRACKER ? openTrackerTask(ports, definition, source) : this.open(ports, consumer, source),
        );
        this.supervisors.push({ process, supervisor });
        void consumer.start(supervisor);
      },
    };
    replica.join();
    return replica;
  }

  /** The replica has left, or the group has not heard of it for too long: its partitions go to others. */
  expel(replica: Replica): void {
    this.groups[replica.service].leave(memberId(replica));
  }

  /** Partitions move between the replicas of a service, with nobody coming or going. */
  rebalance(service: ServiceName): void {
    this.groups[service].shuffle((ids) => this.random.pick(ids));
  }

  /** Partitions that stand still until somebody acts. */
  get stoppedPartitions(): readonly StoppedPartition[] {
    return this.supervisors
      .filter(({ process }) => process.state === 'running')
      .flatMap(({ supervisor }) => supervisor.stoppedPartitions);
  }

  /** Makes a record one that crashes whoever looks at its headers. */
  poison(topic: string, partition: number, offset: number): void {
    this.broker.replace(topic, partition, offset, (record) => ({
      ...record,
      get headers(): never {
        throw new Error('nobody survives this record');
      },
    }));
  }

  /** Appends a record that nobody survives; returns its offset. */
  appendPoison(topic: string, partition: number, record: NewRecord): number {
    const offset = this.broker.append(topic, partition, [record]);
    this.poison(topic, partition, offset);
    return offset;
  }

  /** All that is retained of a topic, one list per partition. */
  recordsOf(topic: string): LogRecord[][] {
    const partitions = Array.from({ length: this.broker.partitionsOf(topic) }, (_, partition) => partition);
    return partitions.map((partition) => [...this.broker.all(topic, partition)]);
  }

  isMember(replica: Replica): boolean {
    return this.groups[replica.service].has(memberId(replica));
  }

  private readonly nowMs = (): number => this.scheduler.nowMs;

  private open(ports: TaskPorts, consumer: MemoryGroupConsumer, source: PartitionSource) {
    const { raw } = this.definition.topics;
    return source.topic === raw
      ? EnricherTask.open(ports, this.definition, source, () => consumer.committed(raw, source.partition))
      : openAggregator(ports, this.definition, source);
  }

  private portsOf(process: SimulatedProcess): TaskPorts {
    const { turn, clock } = process;
    return {
      writer: new MemoryLogWriter(this.broker, turn, this.weather, this.nowMs),
      reader: new MemoryLogReader(this.broker, turn, this.nowMs, 16),
      store: new MemoryCheckpointStore(this.store, turn, this.weather, this.nowMs),
      clock,
      random: this.random,
      telemetry: silentTelemetry,
    };
  }
}

function memberId({ process, memberships }: Replica): string {
  return `${process.name}#${memberships}`;
}
