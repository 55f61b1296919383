import { type Exchange, PayloadCursor } from './wire';

export interface ProducePartitionAnswer {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
}

const ALL_IN_SYNC_REPLICAS = -1;

/** A produce (version 7) of one batch to one partition, answered when every in-sync replica has it. */
export function produceExchange(
  topic: string,
  partition: number,
  batch: Buffer,
  timeoutMs: number,
): Exchange<{ readonly partitions: readonly ProducePartitionAnswer[] }> {
  const topicBytes = Buffer.byteLength(topic);
  const head = Buffer.allocUnsafe(2 + 2 + 4 + 4 + 2 + topicBytes + 4 + 4 + 4);
  let at = head.writeInt16BE(-1, 0); // no transaction
  at = head.writeInt16BE(ALL_IN_SYNC_REPLICAS, at);
  at = head.writeInt32BE(timeoutMs, at);
  at = head.writeInt32BE(1, at);
  at = head.writeInt16BE(topicBytes, at);
  at += head.write(topic, at);
  at = head.writeInt32BE(1, at);
  at = head.writeInt32BE(partition, at);
  head.writeInt32BE(batch.length, at);
  return { apiKey: 0, apiVersion: 7, apiName: 'Produce', body: [head, batch], decode: decodeProduce };
}

function decodeProduce(payload: Buffer): { partitions: ProducePartitionAnswer[]; throttleMs: number } {
  const cursor = new PayloadCursor(payload);
  const partitions = cursor
    .array(() => {
      const topic = cursor.string();
      return cursor.array((): ProducePartitionAnswer => {
        const answer = { topic, partition: cursor.int32(), errorCode: cursor.int16(), baseOffset: cursor.position() };
        cursor.int64(); // append time
        cursor.int64(); // log start
        return answer;
      });
    })
    .flat();
  return { partitions, throttleMs: cursor.int32() };
}
