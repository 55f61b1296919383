import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import type { PublishRequest } from '@tillstream/contracts';
import type { NewRecord } from '@tillstream/engine';
import { WRITE_KEY } from '../../e2e/platform';
import type { IngestStub } from '../../rig/grpc-stubs';
import { bearer, ingestStub } from '../../rig/grpc-stubs';
import { acceptedIds, untilAnswered } from './sender';
import type { Sender } from './sender';

const ATTEMPT_MS = 5_000;

/** A client that publishes bodies over gRPC, with the same key on each attempt. */
export class GrpcSender implements Sender {
  readonly name = 'grpc';
  private readonly client: IngestStub;
  private readonly metadata = bearer(WRITE_KEY);

  constructor(
    port: number,
    private readonly stream: string,
    private readonly giveUpAfterMs: number,
  ) {
    this.client = ingestStub(port, { 'grpc.max_reconnect_backoff_ms': 1_000 });
  }

  async send(_partition: number, records: readonly NewRecord[]): Promise<readonly string[]> {
    const acknowledged: string[] = [];
    for (const { value } of records) acknowledged.push(...(await this.publish(value ?? new Uint8Array())));
    return acknowledged;
  }

  async close(): Promise<void> {
    this.client.close();
  }

  private publish(payload: Uint8Array): Promise<readonly string[]> {
    const request = { stream: this.stream, payload, contentType: 'application/json', idempotencyKey: randomUUID() };
    return untilAnswered(this.name, this.giveUpAfterMs, () => this.attempt(request));
  }

  /** Ids that were accepted. @throws when there was no answer, or one that says to come again */
  private attempt(request: PublishRequest): Promise<readonly string[]> {
    return new Promise((resolve, reject) => {
      const options = { deadline: Date.now() + ATTEMPT_MS };
      this.client.publish(request, this.metadata, options, (error, response) => {
        if ((error?.code as number | undefined) === (status.INVALID_ARGUMENT as number))
          resolve([]); // nothing in it can be read
        else if (error) reject(error);
        else
          resolve(
            acceptedIds(
              request.payload,
              response.rejected.map(({ index }) => index),
            ),
          );
      });
    });
  }
}
