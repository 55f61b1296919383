import type { SourceEvent } from '../source/sse-source';

/** Events that go to the gateway together. */
export interface EventBody {
  /** One JSON object a line. */
  readonly bytes: Buffer;
  readonly events: number;
  /** Where to go on behind its last event; null: the source has never said. */
  readonly lastId: string | null;
}

interface WaitingEvent {
  readonly line: Buffer;
  readonly id: string | null;
}

const MOST_EVENTS = 1_000;
/** Far below what a gateway takes; one event by itself may be larger. */
const MOST_BODY_BYTES = 1_000_000;

/** What has been read and not been delivered yet, in order. Who puts more than there is room for waits. */
export class EventQueue {
  /** Where to go on reading: behind the last event that was put. */
  lastId: string | null;
  bytes = 0;
  private waiting: WaitingEvent[] = [];
  private readonly roomWanted = new Set<() => void>();
  private readonly eventsWanted = new Set<() => void>();

  constructor(
    startAfter: string | null,
    private readonly mostBytes: number,
  ) {
    this.lastId = startAfter;
  }

  /** Takes the events at once, and resolves when there is room for more. */
  put(events: readonly SourceEvent[]): Promise<void> {
    for (const { data, id } of events) {
      // In JSON a line feed can only stand between tokens.
      const line = Buffer.from(`${data.replace(/[\r\n]+/g, ' ')}\n`, 'utf8');
      this.waiting.push({ line, id });
      this.bytes += line.length;
      this.lastId = id;
    }
    wake(this.eventsWanted);
    return this.bytes < this.mostBytes ? Promise.resolve() : wait(this.roomWanted);
  }

  /** Resolves when there is at least one event. */
  filled(): Promise<void> {
    return this.waiting.length > 0 ? Promise.resolve() : wait(this.eventsWanted);
  }

  /** Removes as many events as go together; null: there is none. */
  take(): EventBody | null {
    let count = 0;
    let size = 0;
    for (const { line } of this.waiting) {
      if (count === MOST_EVENTS || (count > 0 && size + line.length > MOST_BODY_BYTES)) break;
      count += 1;
      size += line.length;
    }
    const taken = this.waiting.slice(0, count);
    const last = taken.at(-1);
    if (last === undefined) return null;
    this.waiting = this.waiting.slice(count);
    this.bytes -= size;
    if (this.bytes < this.mostBytes) wake(this.roomWanted);
    return { bytes: Buffer.concat(taken.map(({ line }) => line)), events: count, lastId: last.id };
  }
}

function wait(waiting: Set<() => void>): Promise<void> {
  return new Promise((resolve) => waiting.add(resolve));
}

function wake(waiting: Set<() => void>): void {
  for (const resolve of waiting) resolve();
  waiting.clear();
}
