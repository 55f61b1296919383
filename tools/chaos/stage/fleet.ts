import { join } from 'node:path';
import type { ServiceFleet, ServiceName } from '../fault';
import { ServiceProcess } from './service-process';
import type { SlotOptions } from './service-process';

/** What the run begins with, and for whom a place is kept. */
export const SLOTS: readonly { readonly service: ServiceName; readonly name: string; readonly isSpare: boolean }[] = [
  { service: 'gateway', name: 'gateway-1', isSpare: false },
  { service: 'enricher', name: 'enricher-1', isSpare: false },
  { service: 'enricher', name: 'enricher-2', isSpare: false },
  { service: 'enricher', name: 'enricher-3', isSpare: true },
  { service: 'aggregator', name: 'aggregator-1', isSpare: false },
  { service: 'aggregator', name: 'aggregator-2', isSpare: false },
  { service: 'aggregator', name: 'aggregator-3', isSpare: true },
  { service: 'query-api', name: 'query-api-1', isSpare: false },
  { service: 'query-api', name: 'query-api-2', isSpare: true },
];

/** The processes of a run. */
export class Fleet implements ServiceFleet {
  readonly slots: ServiceProcess[] = [];
  private readonly spares: SlotOptions[];

  constructor(options: readonly SlotOptions[]) {
    const isSpare = ({ name }: SlotOptions): boolean => SLOTS.some((slot) => slot.name === name && slot.isSpare);
    this.spares = options.filter(isSpare);
    this.slots = options.filter((slot) => !isSpare(slot)).map((slot) => new ServiceProcess(slot));
  }

  of(service: ServiceName): ServiceProcess[] {
    return this.slots.filter((slot) => slot.service === service && !slot.isRetired);
  }

  async add(service: ServiceName): Promise<ServiceProcess | null> {
    const at = this.spares.findIndex((spare) => spare.service === service);
    const [options] = at < 0 ? [] : this.spares.splice(at, 1);
    if (options === undefined) return null;
    const slot = new ServiceProcess(options);
    this.slots.push(slot);
    await slot.start();
    return slot;
  }
}

/** @param services directory of the built services, such as `dist/apps` */
export function programOf(services: string, service: ServiceName): string {
  return join(services, service, 'main.js');
}
