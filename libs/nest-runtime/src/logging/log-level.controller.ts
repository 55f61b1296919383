import { Controller, Get, Inject, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isFromThisMachine } from './from-this-machine';
import { parseLevelRequest } from './log-level';
import type { LogLevel } from './log-level';
import { readSmallJson } from './read-small-json';

export const LOG_LEVEL = Symbol('LogLevel');

const FROM_ELSEWHERE =
  'the level of the log is changed from the machine itself only: ask 127.0.0.1 there, or through kubectl port-forward';

/** The level of the log, for whoever is on the machine: it says too much to be everybody's. */
@Controller('loglevel')
export class LogLevelController {
  constructor(@Inject(LOG_LEVEL) private readonly level: LogLevel) {}

  @Get()
  read(): object {
    return { level: this.level.now };
  }

  @Put()
  async change(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    if (!isFromThisMachine(request.raw)) {
      reply.status(403);
      return { error: { code: 'forbidden', message: FROM_ELSEWHERE } };
    }
    const wanted = parseLevelRequest(request.body ?? (await readSmallJson(request.raw)));
    if (typeof wanted === 'string') {
      reply.status(400);
      return { error: { code: 'bad-request', message: wanted } };
    }
    this.level.set(wanted);
    return wanted;
  }
}
