import type { Platform } from './platform';

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A final of one metric as it stands. */
export interface ShownFinal {
  readonly partition: number;
  readonly key: string;
  readonly value: string;
}

/** The first final of a metric for which something holds. */
export async function findFinal(
  platform: Platform,
  metric: string,
  test: (value: string) => boolean = () => true,
): Promise<ShownFinal> {
  const partitions = await platform.readTopic(platform.definition.topics.metrics);
  for (const [partition, records] of partitions.entries()) {
    for (const record of records) {
      const [key, value] = [decoder.decode(record.key ?? undefined), decoder.decode(record.value ?? undefined)];
      if (key.startsWith(`f|${metric}@`) && test(value)) return { partition, key, value };
    }
  }
  throw new Error(`there is no such final of ${metric}`);
}

/** Writes a final as somebody would who wants a number to be another one. */
export async function falsify(
  { writer, definition }: Platform,
  { partition, key }: ShownFinal,
  value: string,
): Promise<void> {
  await writer.append(definition.topics.metrics, partition, [
    { key: encoder.encode(key), value: encoder.encode(value) },
  ]);
}
