import { Controller, Inject, Param, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HttpIngest } from '../http/http-ingest';
import { respond } from '../http/respond';

export const HTTP_INGEST = Symbol('HttpIngest');

@Controller('v1/streams')
export class IngestController {
  constructor(@Inject(HTTP_INGEST) private readonly ingest: HttpIngest) {}

  @Post(':stream/events')
  publish(@Req() request: FastifyRequest, @Param('stream') stream: string, @Res() reply: FastifyReply): Promise<void> {
    return respond(this.ingest, request, stream, reply);
  }
}
