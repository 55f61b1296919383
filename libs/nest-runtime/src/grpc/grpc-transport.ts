import { Server } from '@nestjs/microservices';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { GrpcServer } from './grpc-server';

/**
 * Ties a gRPC server to Nest's life cycle. Nest's own gRPC transport queues the messages of a stream without bound when the
 * client does not read, so the calls go straight to their handlers and Nest only starts and stops the server.
 */
export class GrpcTransport extends Server implements CustomTransportStrategy {
  constructor(
    private readonly grpcServer: GrpcServer,
    /** Asked when the server begins to stop. */
    private readonly graceMs: () => number,
  ) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    this.grpcServer.start().then(() => callback(), callback);
  }

  close(): Promise<void> {
    return this.grpcServer.stop(this.graceMs());
  }

  /** The transport has no events of its own. */
  on(): void {}

  override unwrap<T>(): T {
    return this.grpcServer as T;
  }
}
