import type { Feed, FeedTable, StreamDefinition } from '@tillstream/contracts';
import type { Sink, SinkPartition } from '@tillstream/engine';
import { Delivery } from './delivery';
import type { Receiver } from './receiver';
import type { WebhookSettings } from './settings';
import { WebhookPartition } from './webhook-partition';

/** Rows as signed POST requests: at least once, and in the order of their partition. */
export class WebhookSink implements Sink {
  constructor(
    private readonly name: string,
    private readonly definition: StreamDefinition,
    private readonly settings: WebhookSettings,
    private readonly receiver: Receiver,
  ) {}

  /** A delivery without rows: an address or a secret that is wrong is told before there is anything to lose. */
  async prepare(): Promise<void> {
    await this.receiver.post(new Delivery({ ...this.source, feed: 'ping', partition: 0 }, []));
  }

  async open(feed: Feed, partition: number, tables: readonly FeedTable[]): Promise<SinkPartition> {
    const source = { ...this.source, feed, partition };
    return new WebhookPartition(this.definition, this.settings, this.receiver, source, tables);
  }

  async close(): Promise<void> {
    // nothing is kept open that does not close itself
  }

  private get source() {
    return { stream: this.definition.schema.stream, sink: this.name };
  }
}
