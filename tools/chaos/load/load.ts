import { SeededRandom } from '@tillstream/engine/testing';
import { Workload } from '../../simulate/workload';
import type { ClientControl } from '../fault';
import type { ChaosStage } from '../stage/chaos-stage';
import { GrpcSender } from './grpc-sender';
import { HttpSender } from './http-sender';
import { KafkaSender } from './kafka-sender';
import type { Sender } from './sender';

/** Shape of the load of one run. */
export interface LoadShape {
  readonly seed: number;
  /** Event time begins here. */
  readonly startMs: number;
  readonly spacingMs: number;
  readonly disorderMs: number;
  readonly users: number;
  /** Longest pause of a client between two deliveries. */
  readonly pauseMs: number;
}

/** Longer than everything that faults of one run can keep waiting. */
const GIVE_UP_MS = 180_000;
const CONNECTIONS = 2;

/** Clients on all three ways into the platform, that send until they are acknowledged. */
export class Load implements ClientControl {
  /** Ids of the events that the platform has promised to keep, by the way they came. */
  readonly acknowledged = new Map<string, string[]>();
  private readonly senders: readonly Sender[];
  private readonly workloads: readonly Workload[];
  private readonly sending: Promise<void>;
  private isOver = false;

  constructor(stage: ChaosStage, shape: LoadShape) {
    const { schema, topics } = stage.definition;
    this.senders = [
      new HttpSender(stage.portOf('http-client'), schema.stream, GIVE_UP_MS),
      new GrpcSender(stage.portOf('grpc-client'), schema.stream, GIVE_UP_MS),
      new KafkaSender(stage.portOf('producer'), topics.raw, GIVE_UP_MS),
    ];
    const random = new SeededRandom(shape.seed);
    this.workloads = this.senders.map(
      ({ name }) =>
        new Workload(random, {
          partitions: schema.partitions,
          users: shape.users,
          startMs: shape.startMs,
          spacingMs: shape.spacingMs,
          disorderMs: shape.disorderMs,
          late: 0.03,
          duplicates: 0.05,
          bad: 0.02,
          misplaced: 0.05,
          idPrefix: `${name}-`,
        }),
    );
    const pace = new SeededRandom(shape.seed + 1);
    this.sending = Promise.all(
      this.senders.flatMap((sender, index) =>
        Array.from({ length: CONNECTIONS }, () =>
          this.send(sender, this.workloads[index] as Workload, () => pace.below(shape.pauseMs)),
        ),
      ),
    ).then(() => undefined);
    this.sending.catch(() => undefined); // told by `finish`
  }

  get count(): number {
    return [...this.acknowledged.values()].reduce((sum, ids) => sum + ids.length, 0);
  }

  /** Such as `http 300, grpc 280, kafka 420`. */
  get summary(): string {
    return this.senders.map(({ name }) => `${name} ${this.acknowledged.get(name)?.length ?? 0}`).join(', ');
  }

  stepClock(byMs: number): void {
    const [http] = this.workloads;
    if (http) http.clockErrorMs = byMs;
  }

  /** Nothing new is sent; resolves when everything that was sent has been acknowledged. @throws when it is not. */
  async finish(): Promise<void> {
    this.isOver = true;
    try {
      await this.sending;
    } finally {
      await Promise.all(this.senders.map((sender) => sender.close()));
    }
  }

  private async send(sender: Sender, workload: Workload, pauseMs: () => number): Promise<void> {
    while (!this.isOver) {
      for (const { partition, records } of workload.next(Date.now())) {
        const ids = await sender.send(partition, records);
        const known = this.acknowledged.get(sender.name);
        if (known) known.push(...ids);
        else this.acknowledged.set(sender.name, [...ids]);
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs()));
    }
  }
}
