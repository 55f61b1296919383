import { OffsetOutOfRangeError } from '@tillstream/engine';
import { Backoff } from '../cluster/backoff';
import type { KafkaCluster } from '../cluster/kafka-cluster';
import { UnknownPartitionError } from '../errors';
import { brokerError } from '../protocol/broker-errors';
import { type FetchPartition, type FetchPartitionAnswer, fetchExchange } from '../protocol/fetch';
import { type Channel, exchange } from '../protocol/wire';
import type { OffsetLookup } from './offset-lookup';
import type { PartitionFlow } from './partition-flow';

export interface FetcherBounds {
  /**
   * How long a broker holds a fetch that finds nothing. Also how long a new flow may wait to be in the next one. Four times
   * as long when nothing has come for a while.
   */
  readonly maxWaitMs: number;
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
}

/** What happens at an offset that the log does not hold: `fail` the flow, or `skip` to the first record there is. */
export type OutOfRangePolicy = 'fail' | 'skip';

const OFFSET_OUT_OF_RANGE = 1;
const UNKNOWN_TOPIC_ATTEMPTS = 6;
/** So many fetches in a row that found nothing, and the next ones may take longer: asking is what being idle costs. */
const QUIET_AFTER = 40;
const QUIET_STRETCH = 4;
/** A view on an answer this much larger than itself is copied, so that a slow reader does not keep the answer alive. */
const COPY_BELOW_SHARE = 0.5;

/** The long fetches of one broker, one after the other. */
interface FetchLoop {
  /** Number of the one under way; null in between. */
  underWay: number | null;
  /** Fetches in a row that have found nothing. */
  empty: number;
}

interface Sent {
  readonly flow: PartitionFlow;
  readonly epoch: number;
  readonly from: number;
  readonly number: number;
}

/**
 * Keeps one long fetch per broker under way for all hungry flows that it leads. A flow that comes new is fetched at
 * once on the other connection, or it would wait for the long fetch to end. Nothing is asked while no flow is hungry.
 */
export class Fetcher {
  readonly #flows = new Set<PartitionFlow>();
  readonly #loops = new Map<number, FetchLoop>();
  readonly #troubled = new Set<PartitionFlow>();
  readonly #backoffs = new WeakMap<PartitionFlow, Backoff>();
  readonly #aborted = new AbortController();
  #fetches = 0;

  constructor(
    private readonly cluster: KafkaCluster,
    private readonly offsets: OffsetLookup,
    private readonly bounds: FetcherBounds,
    private readonly outOfRange: OutOfRangePolicy,
  ) {}

  /** Number of the newest fetch sent: an answer with a higher one was asked for later. */
  get newestFetch(): number {
    return this.#fetches;
  }

  add(flow: PartitionFlow): void {
    this.#flows.add(flow);
  }

  remove(flow: PartitionFlow): void {
    this.#flows.delete(flow);
    flow.close();
  }

  close(): void {
    this.#aborted.abort();
    for (const flow of this.#flows) flow.close();
    this.#flows.clear();
  }

  /**
   * Makes sure that a flow is being fetched, or will be by the next long fetch. One that has missed the long fetch
   * under way is asked for at once, but only once: the next one has it. Never throws: the flow hears what goes wrong.
   */
  nudge(flow: PartitionFlow): void {
    if (flow.fetching || !flow.hungry || this.#troubled.has(flow)) return;
    const node = this.cluster.knownLeader(flow.topic, flow.partition);
    const loop = node === undefined ? undefined : this.#loops.get(node);
    if (node === undefined) void this.findLeader(flow);
    else if (loop === undefined) this.keepFetching(node);
    else if (loop.underWay !== null && flow.missed !== loop.underWay) {
      flow.missed = loop.underWay;
      loop.empty = 0;
      void this.fetchAtOnce(flow);
    }
  }

  /** Asks once, without waiting for records to come, whatever else is under way. */
  async fetchAtOnce(flow: PartitionFlow): Promise<void> {
    await this.working([flow], async () => {
      const node = await this.cluster.leaderOf(flow.topic, flow.partition);
      await this.fetch(node, [flow], 0, 'requests');
      this.keepFetching(node);
    });
  }

  private async findLeader(flow: PartitionFlow): Promise<void> {
    await this.working([flow], () => this.cluster.leaderOf(flow.topic, flow.partition));
    this.nudge(flow);
  }

  private keepFetching(node: number): void {
    if (this.#loops.has(node) || this.#aborted.signal.aborted) return;
    const loop: FetchLoop = { underWay: null, empty: 0 };
    this.#loops.set(node, loop);
    void this.run(node, loop);
  }

  private async run(node: number, loop: FetchLoop): Promise<void> {
    // Whoever begins in the same turn of the event loop is in the first fetch already.
    await Promise.resolve();
    for (let flows = this.hungryOn(node); flows.length > 0; flows = this.hungryOn(node)) {
      loop.underWay = this.#fetches + 1;
      const waitMs = this.bounds.maxWaitMs * (loop.empty < QUIET_AFTER ? 1 : QUIET_STRETCH);
      await this.working(flows, async () => {
        const bytes = await this.fetch(node, flows, waitMs, 'fetches');
        loop.empty = bytes > 0 ? 0 : loop.empty + 1;
      });
      loop.underWay = null;
    }
    this.#loops.delete(node);
  }

  /** While `work` lasts nobody else fetches for these flows. */
  private async working(flows: readonly PartitionFlow[], work: () => Promise<unknown>): Promise<void> {
    const claimed = flows.filter((flow) => !flow.fetching);
    for (const flow of claimed) flow.fetching = true;
    try {
      await work();
    } catch (error) {
      this.inTrouble(flows, error);
    } finally {
      for (const flow of claimed) flow.fetching = false;
    }
  }

  /** Another one first each time: an answer has room for some partitions only. */
  private hungryOn(node: number): PartitionFlow[] {
    const flows: PartitionFlow[] = [];
    for (const flow of this.#flows) {
      const led = this.cluster.knownLeader(flow.topic, flow.partition) === node;
      if (led && flow.hungry && !flow.fetching && !this.#troubled.has(flow)) flows.push(flow);
    }
    const first = flows.length === 0 ? 0 : this.#fetches % flows.length;
    return agreeing([...flows.slice(first), ...flows.slice(0, first)]);
  }

  /** @returns bytes of records that have come */
  private async fetch(
    node: number,
    flows: readonly PartitionFlow[],
    maxWaitMs: number,
    channel: Channel,
  ): Promise<number> {
    const number = ++this.#fetches;
    const sent = new Map<string, Sent[]>();
    const wanted = new Map<string, FetchPartition>();
    for (const flow of flows) {
      const { topic, partition, epoch, position: from } = flow;
      const name = nameOf(flow);
      sent.set(name, [...(sent.get(name) ?? []), { flow, epoch, from, number }]);
      wanted.set(name, { topic, partition, from });
    }
    const broker = await this.cluster.broker(node);
    const { errorCode, partitions } = await exchange(
      broker,
      channel,
      fetchExchange([...wanted.values()], { ...this.bounds, maxWaitMs }),
    );
    if (errorCode !== 0) throw brokerError(errorCode);
    const answered = partitions.reduce((bytes, { bytes: { length } }) => bytes + length, 0);
    for (const answer of partitions) {
      for (const asked of sent.get(nameOf(answer)) ?? []) this.deliver(asked, answer, answered);
    }
    return answered;
  }

  private deliver(asked: Sent, answer: FetchPartitionAnswer, answeredBytes: number): void {
    const { flow, epoch, from, number } = asked;
    if (answer.errorCode === OFFSET_OUT_OF_RANGE) {
      void this.outOfRangeAt(asked);
    } else if (answer.errorCode !== 0) {
      const error = brokerError(answer.errorCode);
      if (error.retriable) this.inTrouble([flow], error);
      else flow.fail(epoch, error);
    } else {
      this.#backoffs.delete(flow);
      if (epoch === flow.epoch) flow.answeredFetch = Math.max(number, flow.answeredFetch);
      const copied = answer.bytes.length < answeredBytes * COPY_BELOW_SHARE;
      this.accept(flow, epoch, from, copied ? { ...answer, bytes: Buffer.from(answer.bytes) } : answer);
    }
  }

  private accept(flow: PartitionFlow, epoch: number, from: number, answer: FetchPartitionAnswer): void {
    try {
      flow.accept(epoch, from, answer);
    } catch (error) {
      flow.fail(epoch, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Leaders change and logs expire between two questions: only what both limits say is out of range counts. */
  private async outOfRangeAt({ flow, epoch, from, number }: Sent): Promise<void> {
    this.#troubled.add(flow);
    try {
      const { topic, partition } = flow;
      const [begin, end] = await Promise.all([
        this.offsets.begin(topic, partition),
        this.offsets.end(topic, partition),
      ]);
      if (from < begin && this.outOfRange === 'skip') flow.skipTo(epoch, begin);
      else if (from < begin || from > end) {
        if (this.outOfRange === 'fail') flow.fail(epoch, new OffsetOutOfRangeError(topic, partition, from, begin, end));
        else await this.pauseBeyondEnd(flow, epoch, number);
      }
    } catch (error) {
      if (!this.#aborted.signal.aborted) flow.trouble = error;
    } finally {
      this.#troubled.delete(flow);
    }
    this.nudge(flow);
  }

  /** There is nothing beyond the end, and no way to be told when there is. */
  private async pauseBeyondEnd(flow: PartitionFlow, epoch: number, number: number): Promise<void> {
    if (epoch === flow.epoch) flow.answeredFetch = Math.max(number, flow.answeredFetch);
    flow.wake();
    await new Backoff().wait(this.#aborted.signal);
  }

  /** Finds the leader anew, as long as it takes, then fetches again. */
  private inTrouble(flows: readonly PartitionFlow[], error: unknown): void {
    this.cluster.failed('fetch');
    for (const flow of flows) {
      flow.trouble = error;
      if (!this.#troubled.has(flow)) void this.recover(flow);
    }
  }

  private async recover(flow: PartitionFlow): Promise<void> {
    this.#troubled.add(flow);
    const backoff = this.#backoffs.get(flow) ?? new Backoff();
    this.#backoffs.set(flow, backoff);
    let recovered = false;
    for (let attempt = 1; !recovered && !flow.closed && !this.#aborted.signal.aborted; attempt++) {
      await backoff.wait(this.#aborted.signal);
      recovered = await this.cluster.refresh(flow.topic).then(
        () => true,
        (error: unknown) => this.lasting(flow, error, attempt),
      );
    }
    this.#troubled.delete(flow);
    this.nudge(flow);
  }

  /** A topic that is still unknown after some attempts does not exist. */
  private lasting(flow: PartitionFlow, error: unknown, attempt: number): boolean {
    flow.trouble = error;
    if (!(error instanceof UnknownPartitionError) || attempt < UNKNOWN_TOPIC_ATTEMPTS) return false;
    flow.fail(flow.epoch, error);
    return true;
  }
}

const nameOf = ({ topic, partition }: { readonly topic: string; readonly partition: number }): string =>
  `${topic}/${partition}`;

/** A fetch asks for a partition once. Flows of it that stand elsewhere than the first are fetched at once when asked. */
function agreeing(flows: readonly PartitionFlow[]): PartitionFlow[] {
  const positions = new Map<string, number>();
  return flows.filter((flow) => {
    const name = nameOf(flow);
    const position = positions.get(name) ?? flow.position;
    positions.set(name, position);
    return position === flow.position;
  });
}
