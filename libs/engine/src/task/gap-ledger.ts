import type { Gap, StreamDefinition } from '@tillstream/contracts';
import { decodeGap, derivedOf } from '@tillstream/contracts';
import type { LogReader } from '../ports/log';
import { recordsBetween } from './log-tail';

/**
 * Raw ranges that an operator has given up for one service and partition. A gap holds by range: whoever stands inside
 * it, or before it, goes on behind it.
 */
export class GapLedger {
  constructor(private readonly gaps: readonly Gap[]) {}

  /** The raw position to go on from when `next` has been reached: behind the gap that holds it, if one does. */
  behind(next: number): number {
    let at = next;
    for (let moved = true; moved;) {
      moved = false;
      for (const { from, to } of this.gaps) {
        if (from <= at && at < to) {
          at = to;
          moved = true;
        }
      }
    }
    return at;
  }

  /** Does a gap hold this raw offset? */
  holds(offset: number): boolean {
    return this.gaps.some(({ from, to }) => from <= offset && offset < to);
  }

  get isEmpty(): boolean {
    return this.gaps.length === 0;
  }
}

/** Reads `<stream>.gaps.v1` to its end. It is read at every claim, so that all owners know the same gaps. */
export async function readGaps(
  reader: LogReader,
  definition: StreamDefinition,
  service: string,
  partition: number,
): Promise<GapLedger> {
  const topic = definition.topics.gaps;
  const end = await reader.end(topic, 0);
  const begin = await reader.begin(topic, 0);
  const gaps: Gap[] = [];
  for await (const record of recordsBetween(reader, topic, 0, begin, end)) {
    const gap = decodeGap(record);
    if (gap && gap.service === service && gap.partition === partition) gaps.push(gap);
  }
  return new GapLedger(gaps);
}

/** The name that gaps of a service are given for: what it has given up of a derived stream's rows it still has of events. */
export function gapServiceOf(service: string, definition: StreamDefinition): string {
  const of = derivedOf(definition);
  return of === null ? service : `${service}:${of}`;
}
