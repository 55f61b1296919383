import { KafkaLogWriter } from '@tillstream/adapter-kafka';
import type { NewRecord } from '@tillstream/engine';
import { idsOf, untilAnswered } from './sender';
import type { Sender } from './sender';

/** A producer that writes into the raw topic past the gateway, and not always into the right partition. */
export class KafkaSender implements Sender {
  readonly name = 'kafka';
  private readonly writer: KafkaLogWriter;

  constructor(
    port: number,
    private readonly rawTopic: string,
    private readonly giveUpAfterMs: number,
  ) {
    this.writer = new KafkaLogWriter({
      brokers: [`127.0.0.1:${port}`],
      clientId: 'chaos-producer',
      requestTimeoutMs: 5_000,
    });
  }

  async send(partition: number, records: readonly NewRecord[]): Promise<readonly string[]> {
    await untilAnswered(this.name, this.giveUpAfterMs, () => this.writer.append(this.rawTopic, partition, records));
    return records.flatMap(({ value }) => idsOf(value)).filter((id): id is string => id !== null);
  }

  close(): Promise<void> {
    return this.writer.close(0);
  }
}
