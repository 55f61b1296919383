import { constants } from 'node:crypto';
import type { Server } from 'node:http';
import type { ServerOptions } from 'node:https';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { ServerTls, TlsMaterial } from '@tillstream/doors';
import type { FastifyInstance } from 'fastify';

/** What nobody needs more of who means well. */
export interface HttpLimits {
  /** Of the request line and all headers together; beyond: 431. */
  readonly headerBytes: number;
  /** From the connection, or the answer before, to the end of the headers; then 408. */
  readonly headersTimeoutMs: number;
  /** To the end of the body; then 408. */
  readonly requestTimeoutMs: number;
  /** How often those are looked for that take too long. */
  readonly checkEveryMs: number;
  /** Of TLS. */
  readonly handshakeTimeoutMs: number;
  /** Further ones are closed at once. */
  readonly maxConnections: number;
}

export const HTTP_LIMITS: HttpLimits = {
  headerBytes: 16 * 1024,
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 60_000,
  checkEveryMs: 5_000,
  handshakeTimeoutMs: 10_000,
  maxConnections: 10_000,
};

/** The HTTP server of a service, over TLS if there is any. */
export function createHttpAdapter(tls: ServerTls | null, limits: HttpLimits): FastifyAdapter {
  const common = {
    logger: false,
    // Idle keep-alive connections must not hold up a shutdown; those with a request on them may.
    forceCloseConnections: 'idle' as const,
    // A request that comes on a connection that was busy is answered like any other, and is the last one there.
    return503OnClosing: false,
    keepAliveTimeout: 65_000,
    requestTimeout: limits.requestTimeoutMs,
    routerOptions: { maxParamLength: 256 },
  };
  const parser = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersTimeoutMs,
    connectionsCheckingInterval: limits.checkEveryMs,
  };
  if (tls === null) return new FastifyAdapter({ ...common, http: parser });
  const https: ServerOptions = {
    ...parser,
    ...secureContext(tls.material),
    handshakeTimeout: limits.handshakeTimeoutMs,
    // Who shows no certificate, or a wrong one, is refused request by request: some paths are open to all.
    requestCert: tls.asksClients,
    rejectUnauthorized: false,
  };
  return new FastifyAdapter({ ...common, https });
}

/** Lets no more than so many in at a time, and shows a new certificate once there is one. */
export function tend({ server }: FastifyInstance, tls: ServerTls | null, { maxConnections }: HttpLimits): void {
  server.maxConnections = maxConnections;
  tls?.onChange((material) => {
    if (hasContext(server)) server.setSecureContext(secureContext(material));
  });
}

/** The options of a TLS server that change with its certificate. */
export function secureContext({ cert, key, clientCa }: TlsMaterial): ServerOptions {
  if (clientCa === null) return { cert, key };
  // A session that is taken up again is not checked again: its certificate may have expired since.
  return { cert, key, ca: clientCa, secureOptions: constants.SSL_OP_NO_TICKET };
}

function hasContext(server: Server): server is Server & { setSecureContext(options: ServerOptions): void } {
  return 'setSecureContext' in server;
}
