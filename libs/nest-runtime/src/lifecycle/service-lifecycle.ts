import { Inject, Injectable } from '@nestjs/common';
import type { BeforeApplicationShutdown, OnApplicationShutdown } from '@nestjs/common';
import { READINESS } from '../health/health.controller';
import type { Readiness } from '../health/readiness';
import type { Service } from './service';

export const SERVICE = Symbol('Service');

/**
 * Ties a service to Nest's shutdown, which closes the HTTP and gRPC servers between these two steps. What they need to answer
 * the last requests (producers, stores) is closed only after them.
 */
@Injectable()
export class ServiceLifecycle implements BeforeApplicationShutdown, OnApplicationShutdown {
  constructor(
    @Inject(SERVICE) private readonly service: Service,
    @Inject(READINESS) private readonly readiness: Readiness,
  ) {}

  async beforeApplicationShutdown(): Promise<void> {
    this.readiness.stop();
    await this.service.drain();
  }

  onApplicationShutdown(): Promise<void> {
    return this.service.close();
  }
}
