import type { LookAtServer } from '@tillstream/adapter-telemetry';
import type { Clock } from '@tillstream/engine';

/** Asks Redis what time it is, and so whether it answers. It has set its clock somewhere between question and answer. */
export function lookAtRedis(
  redis: { callBuffer(command: string): Promise<unknown> },
  clock: Pick<Clock, 'nowMs' | 'monotonicMs'>,
): LookAtServer {
  return async () => {
    const askedMs = clock.nowMs();
    const startedMs = clock.monotonicMs();
    const [seconds, micros] = numbersOf(await redis.callBuffer('TIME'));
    const halfMs = (clock.monotonicMs() - startedMs) / 2;
    if (seconds === undefined || micros === undefined) return {};
    return { clockOffsetSeconds: (askedMs + halfMs) / 1000 - (seconds + micros / 1e6) };
  };
}

function numbersOf(reply: unknown): number[] {
  return Array.isArray(reply)
    ? reply.map((part: unknown) => Number(Buffer.isBuffer(part) ? part.toString() : part))
    : [];
}
