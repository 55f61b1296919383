import type { RecordHeaders } from '../ports/log';
import type { BatchTracer, ClosedInfo } from '../ports/telemetry';
import { isTraced } from './with-headers';

/** A task that catches up closes thousands of windows at once: of so many a batch it is told in spans what fed them. */
const MOST_CLOSINGS_TRACED = 64;

/** On whose behalf a task says something: of its newest traced batch, or of those that fed a window which has closed. */
export class Behalf {
  /** The context that goes with what is said now. */
  headers: RecordHeaders = {};
  private closingsLeft = MOST_CLOSINGS_TRACED;

  constructor(private readonly tracer: BatchTracer) {}

  /** From here on what is said is on behalf of another batch. */
  of(headers: RecordHeaders): void {
    this.headers = headers;
    this.closingsLeft = MOST_CLOSINGS_TRACED;
  }

  /** The context that goes with what is told of a closed window: of a span that names what fed it, if any of that was traced. */
  ofClosed(info: ClosedInfo, fedBy: () => readonly RecordHeaders[]): RecordHeaders {
    if (this.closingsLeft === 0) return this.headers;
    const contexts = fedBy();
    if (contexts.length === 0) return this.headers;
    this.closingsLeft -= 1;
    const headers = this.tracer.closed(info, contexts);
    return isTraced(headers) ? headers : this.headers;
  }
}
