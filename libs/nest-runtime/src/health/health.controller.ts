import { Controller, Get, Header, HttpCode, Inject, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { MetricsSource } from '../lifecycle/service';
import type { Readiness } from './readiness';

export const READINESS = Symbol('Readiness');
export const METRICS = Symbol('MetricsSource');

/** What the platform asks of every service. Life depends on nothing outside: a broker that is away is no reason to restart. */
@Controller()
export class HealthController {
  constructor(
    @Inject(READINESS) private readonly readiness: Readiness,
    @Inject(METRICS) private readonly metrics: MetricsSource,
  ) {}

  @Get('healthz')
  @HttpCode(200)
  alive(): object {
    return { status: 'ok' };
  }

  @Get('readyz')
  async ready(@Res({ passthrough: true }) reply: Pick<FastifyReply, 'status'>): Promise<object> {
    const report = await this.readiness.report();
    reply.status(report.ready ? 200 : 503);
    return report;
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  scrape(): Promise<string> {
    return this.metrics.metrics();
  }
}
