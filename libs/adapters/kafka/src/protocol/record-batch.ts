/** Layout of a record batch (magic 2), the only form in which records travel between Kafka 2.4 to 4.x and its clients. */
export const BATCH = {
  baseOffset: 0,
  length: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
  records: 61,
} as const;

/** What `length` does not count: the base offset and the length itself. */
export const BATCH_PREFIX_BYTES = 12;
export const MAGIC = 2;

export const COMPRESSION_MASK = 0x07;
export const APPEND_TIME_FLAG = 0x08;
export const TRANSACTIONAL_FLAG = 0x10;
export const CONTROL_FLAG = 0x20;
