import { randomUUID } from 'node:crypto';
import { Metadata, credentials, loadPackageDefinition, status } from '@grpc/grpc-js';
import type { Client, ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { PublishRequest, PublishResponse } from '@tillstream/contracts';
import { PROTO_FILES, PROTO_LOADER_OPTIONS, protoRoot } from '@tillstream/contracts';
import type { NewRecord } from '@tillstream/engine';
import { WRITE_KEY } from '../../e2e/platform';
import { acceptedIds, untilAnswered } from './sender';
import type { Sender } from './sender';

const ATTEMPT_MS = 5_000;

interface IngestClient extends Client {
  publish(
    request: PublishRequest,
    metadata: Metadata,
    options: { readonly deadline: number },
    done: (error: ServiceError | null, response: PublishResponse) => void,
  ): void;
}

/** A client that publishes bodies over gRPC, with the same key on each attempt. */
export class GrpcSender implements Sender {
  readonly name = 'grpc';
  private readonly client: IngestClient;
  private readonly metadata = new Metadata();

  constructor(
    port: number,
    private readonly stream: string,
    private readonly giveUpAfterMs: number,
  ) {
    const definition = loadSync(PROTO_FILES.ingest, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
    const { tillstream } = loadPackageDefinition(definition) as unknown as {
      tillstream: { ingest: { v1: { IngestService: new (...args: unknown[]) => IngestClient } } };
    };
    this.client = new tillstream.ingest.v1.IngestService(`127.0.0.1:${port}`, credentials.createInsecure(), {
      'grpc.max_reconnect_backoff_ms': 1_000,
    });
    this.metadata.set('authorization', `Bearer ${WRITE_KEY}`);
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
