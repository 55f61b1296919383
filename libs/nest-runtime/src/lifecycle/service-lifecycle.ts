import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common';
import type { ServiceLogger } from '../logging/logger';
import { READINESS } from '../health/health.controller';
import type { Readiness } from '../health/readiness';
import type { Drain } from './drain';
import type { Service } from './service';

export const SERVICE = Symbol('Service');
export const DRAIN = Symbol('Drain');
export const LOGGER = Symbol('ServiceLogger');

/**
 * Ties a service to Nest's shutdown, which closes the HTTP and gRPC servers between these two steps. What they need to answer
 * the last requests (producers, stores) is closed only after them.
 */
@Injectable()
export class ServiceLifecycle implements BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(SERVICE) private readonly service: Service,
    @Inject(READINESS) private readonly readiness: Readiness,
    @Inject(DRAIN) private readonly drain: Drain,
    @Inject(LOGGER) private readonly logger: ServiceLogger,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.readiness.stop();
    this.drain.begin();
    const isDrained = await this.drain.endsInTime(this.service.drain(this.drain.hurry));
    if (!isDrained) this.logger.warn('drain_cut_short');
  }

  onApplicationShutdown(): Promise<void> {
    return this.service.close();
  }
}
