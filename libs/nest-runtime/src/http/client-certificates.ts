import { TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';

/** Whoever starts, watches and measures a service has no certificate of its clients; the last is for its own machine alone. */
const OPEN_TO_ALL = new Set(['/healthz', '/readyz', '/metrics', '/loglevel']);

/** Refuses requests without a certificate that holds and that the CA of clients has signed. */
export function askForCertificates(server: FastifyInstance): void {
  server.addHook('onRequest', async (request, reply) => {
    const [path = ''] = request.url.split('?', 1);
    const { socket } = request.raw;
    if (OPEN_TO_ALL.has(path) || (socket instanceof TLSSocket && socket.authorized)) return;
    await reply.status(403).send({ error: { code: 'client-certificate', message: problemOf(socket as TLSSocket) } });
  });
}

function problemOf(socket: TLSSocket): string {
  return socket.getPeerX509Certificate() === undefined
    ? 'a client certificate is needed'
    : `the client certificate is refused: ${String(socket.authorizationError)}`;
}
