import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

/** Registers what this process may use at most: how near it is to that is what kills it or not. */
export function registerProcessLimits(registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'tillstream_memory_limit_bytes',
    help: 'Memory that the container allows this process, or that the machine has.',
    registers,
  }).set(memoryLimitBytes(process.constrainedMemory(), totalmem()));
  new Gauge({
    name: 'tillstream_heap_limit_bytes',
    help: 'Size of the heap at which Node gives up.',
    registers,
  }).set(getHeapStatistics().heap_size_limit);
}

/**
 * A container without a limit tells 0, or more than any machine has.
 *
 * @param constrainedBytes as the system tells it
 */
export function memoryLimitBytes(constrainedBytes: number, machineBytes: number): number {
  return constrainedBytes > 0 ? Math.min(constrainedBytes, machineBytes) : machineBytes;
}
