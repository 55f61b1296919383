import { randomUUID } from 'node:crypto';
import type { NewRecord } from '@tillstream/engine';
import { WRITE_KEY } from '../../e2e/platform';
import { acceptedIds, untilAnswered } from './sender';
import type { Sender } from './sender';

const ATTEMPT_MS = 5_000;

/** A client that posts bodies to the gateway, with the same key on each attempt. */
export class HttpSender implements Sender {
  readonly name = 'http';

  constructor(
    private readonly port: number,
    private readonly stream: string,
    private readonly giveUpAfterMs: number,
  ) {}

  async send(_partition: number, records: readonly NewRecord[]): Promise<readonly string[]> {
    const acknowledged: string[] = [];
    for (const { value } of records) acknowledged.push(...(await this.post(value)));
    return acknowledged;
  }

  async close(): Promise<void> {
    // fetch keeps its connections; they end with the gateway's link
  }

  private post(body: NewRecord['value']): Promise<readonly string[]> {
    const key = randomUUID();
    return untilAnswered(this.name, this.giveUpAfterMs, async () => {
      const answer = await fetch(`http://127.0.0.1:${this.port}/v1/streams/${this.stream}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${WRITE_KEY}`, 'idempotency-key': key },
        body: body as Uint8Array<ArrayBuffer>,
        signal: AbortSignal.timeout(ATTEMPT_MS),
      });
      const said = await answer.text();
      if (answer.status === 400) return []; // nothing in it is an event
      if (answer.status !== 202) throw new Error(`${answer.status} ${said}`);
      const { rejected } = JSON.parse(said) as { rejected: readonly { index: number }[] };
      return acceptedIds(
        body,
        rejected.map(({ index }) => index),
      );
    });
  }
}
