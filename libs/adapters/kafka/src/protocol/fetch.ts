import type { AbortedTransaction, FetchedBatches } from './decode-batches';
import { type Exchange, PayloadCursor } from './wire';

export interface FetchPartition {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
}

export interface FetchBounds {
  /** How long the broker may wait for the first byte. */
  readonly maxWaitMs: number;
  /** Of the whole answer. A first batch that is larger comes whole. */
  readonly maxBytes: number;
  readonly maxPartitionBytes: number;
}

export interface FetchPartitionAnswer extends FetchedBatches {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  /** As far as consumers may read: nothing of an open transaction. */
  readonly lastStableOffset: number;
  readonly logStart: number;
}

const READ_COMMITTED = 1;

/** A fetch (version 11) of several partitions from one broker, in the order given. */
export function fetchExchange(
  partitions: readonly FetchPartition[],
  { maxWaitMs, maxBytes, maxPartitionBytes }: FetchBounds,
): Exchange<{ readonly errorCode: number; readonly partitions: readonly FetchPartitionAnswer[] }> {
  const runs = runsOfOneTopic(partitions);
  const size = runs.reduce((bytes, run) => bytes + 6 + Buffer.byteLength(run[0]?.topic ?? '') + 28 * run.length, 35);
  const body = Buffer.allocUnsafe(size);
  let at = body.writeInt32BE(-1, 0); // not a replica
  at = body.writeInt32BE(maxWaitMs, at);
  at = body.writeInt32BE(1, at); // a single byte is enough
  at = body.writeInt32BE(maxBytes, at);
  at = body.writeInt8(READ_COMMITTED, at);
  at = body.writeInt32BE(0, at); // no fetch session
  at = body.writeInt32BE(-1, at);
  at = body.writeInt32BE(runs.length, at);
  for (const run of runs) {
    const topic = run[0]?.topic ?? '';
    at = body.writeInt16BE(Buffer.byteLength(topic), at);
    at += body.write(topic, at);
    at = body.writeInt32BE(run.length, at);
    for (const { partition, from } of run) {
      at = body.writeInt32BE(partition, at);
      at = body.writeInt32BE(-1, at); // leader epoch: not known
      at = body.writeBigInt64BE(BigInt(from), at);
      at = body.writeBigInt64BE(-1n, at); // log start: of replicas only
      at = body.writeInt32BE(maxPartitionBytes, at);
    }
  }
  at = body.writeInt32BE(0, at); // nothing forgotten
  body.writeInt16BE(0, at); // no rack
  return {
    apiKey: 1,
    apiVersion: 11,
    apiName: 'Fetch',
    body: [body],
    decode: decodeFetch,
    timeoutMs: maxWaitMs + 5_000,
  };
}

function runsOfOneTopic(partitions: readonly FetchPartition[]): FetchPartition[][] {
  const runs: FetchPartition[][] = [];
  for (const one of partitions) {
    const last = runs.at(-1);
    if (last?.[0]?.topic === one.topic) last.push(one);
    else runs.push([one]);
  }
  return runs;
}

function decodeFetch(payload: Buffer): { errorCode: number; partitions: FetchPartitionAnswer[]; throttleMs: number } {
  const cursor = new PayloadCursor(payload);
  const throttleMs = cursor.int32();
  const errorCode = cursor.int16();
  cursor.int32(); // session
  const partitions = cursor
    .array(() => {
      const topic = cursor.string();
      return cursor.array(() => decodePartition(cursor, topic));
    })
    .flat();
  return { errorCode, partitions, throttleMs };
}

function decodePartition(cursor: PayloadCursor, topic: string): FetchPartitionAnswer {
  const partition = cursor.int32();
  const errorCode = cursor.int16();
  cursor.int64(); // high watermark: beyond what consumers may read
  const lastStableOffset = cursor.position();
  const logStart = cursor.position();
  const aborted = cursor.array((): AbortedTransaction => ({
    producerId: cursor.int64(),
    firstOffset: cursor.position(),
  }));
  cursor.int32(); // preferred replica: only for racks
  return { topic, partition, errorCode, lastStableOffset, logStart, aborted, bytes: cursor.bytes() };
}
