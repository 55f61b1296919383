import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { discardRest } from './discard-rest';
import type { HttpIngest } from './http-ingest';

/** Lets bodies through unread: `HttpIngest` reads them itself, within its bounds. */
export function passBodiesThrough(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', (_request, _body, done) => done(null));
  // Answered when the headers have been found good, or with what is wrong about them instead.
  server.server.on('checkContinue', (request, response) => server.server.emit('request', request, response));
}

/** Carries a request to the gateway and its answer back. */
export async function respond(
  ingest: HttpIngest,
  request: FastifyRequest,
  stream: string,
  reply: FastifyReply,
): Promise<void> {
  const expectsContinue = request.headers.expect !== undefined;
  const answer = await ingest.handle(request.raw, stream, () => {
    if (expectsContinue) reply.raw.writeContinue();
  });
  if (answer === null) return void reply.hijack(); // nobody is left to answer
  void reply.status(answer.status).headers(answer.headers).send(answer.body);
  discardRest(request.raw);
}
