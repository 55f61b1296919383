/**
 * Sends shop events as any program with kafkajs does: one JSON object a record, keyed by `user_id`. A process of its
 * own, so that nothing the services do to kafkajs is at work here.
 *
 *   kafkajs-producer.mjs BROKERS TOPIC CODEC[,CODEC…] [murmur2|crc32]    events on standard input, one a line
 */
import { createInterface } from 'node:readline/promises';
import { crc32, zstdCompressSync } from 'node:zlib';
import kafkajs from 'kafkajs';
import { compressFrameSync } from 'lz4-napi';
import { compress } from 'snappy';

const { CompressionCodecs, CompressionTypes, Kafka, Partitioners, logLevel } = kafkajs;
const [brokers = '', topic = '', codecs = 'none', partitioner = 'murmur2'] = process.argv.slice(2);

/** @type {Record<string, import('kafkajs').CompressionTypes>} */
const TYPES = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
};

// Only gzip comes with kafkajs; the other codecs are registered by whoever wants them.
const neverRead = () => Promise.reject(new Error('this program only writes'));
/** @param {(bytes: Buffer) => Buffer | Promise<Buffer>} compressed */
const codec = (compressed) => () => ({
  compress: async (/** @type {{ buffer: Buffer }} */ { buffer }) => compressed(buffer),
  decompress: neverRead,
});
CompressionCodecs[CompressionTypes.Snappy] = codec(compress);
CompressionCodecs[CompressionTypes.LZ4] = codec(compressFrameSync);
CompressionCodecs[CompressionTypes.ZSTD] = codec(zstdCompressSync);

/**
 * What librdkafka does unless told otherwise: Python's confluent-kafka, Go, Rust, PHP, kcat …
 *
 * @type {import('kafkajs').ICustomPartitioner}
 */
const crc32Partitioner =
  () =>
  ({ partitionMetadata, message: { key } }) =>
    key == null ? 0 : crc32(key) % partitionMetadata.length;

const producer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR }).producer({
  createPartitioner: partitioner === 'crc32' ? crc32Partitioner : Partitioners.DefaultPartitioner,
});

const names = codecs.split(',');
/** @type {{ key: string | null, value: string }[][]} */
const messages = names.map(() => []);
let read = 0;
for await (const line of createInterface({ input: process.stdin })) {
  const event = JSON.parse(line);
  messages[read++ % names.length]?.push({ key: event.user_id ?? null, value: JSON.stringify(event) });
}

await producer.connect();
for (const [i, name] of names.entries()) {
  const compression = TYPES[name];
  if (compression === undefined) throw new Error(`unknown codec ${name}`);
  await producer.send({ topic, acks: -1, compression, messages: messages[i] ?? [] });
}
await producer.disconnect();
