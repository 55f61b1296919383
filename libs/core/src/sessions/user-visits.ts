import type { SessionBounds } from './visitor';
import { Visitor } from './visitor';

/** What is known of a user who is awake. */
export class UserVisits {
  /** Sessions that were open when it was counted last. */
  open = 0;

  constructor(public visitors: Visitor[]) {}

  find(part: number): Visitor | null {
    return this.visitors.find((visitor) => visitor.part === part) ?? null;
  }

  visitor(part: number): Visitor {
    const found = this.find(part);
    if (found !== null) return found;
    const visitor = new Visitor(part);
    this.visitors.push(visitor);
    return visitor;
  }

  /** The watermark from which on there is something to do; Infinity: nothing is known. */
  dueMs(bounds: SessionBounds): number {
    return this.visitors.reduce((due, visitor) => Math.min(due, visitor.dueMs(bounds)), Infinity);
  }

  /** Forgets the visitors that no row can be too late for any more. */
  forgetPast(watermarkMs: number, bounds: SessionBounds): void {
    this.visitors = this.visitors.filter((visitor) => visitor.dueMs(bounds) > watermarkMs);
  }

  openCount(bounds: SessionBounds): number {
    return this.visitors.reduce((count, visitor) => count + visitor.openCount(bounds), 0);
  }
}
