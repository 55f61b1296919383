/** One body's share of the budget. */
export interface Reservation {
  /** Makes the share at least `bytes`; false, and nothing changed, when the budget does not have them. */
  ensure(bytes: number): boolean;
  /** Gives back what is more than `bytes`. */
  shrink(bytes: number): void;
  /** Gives all of it back. */
  release(): void;
}

/** A way in, with a part of the budget that nobody else can take. */
export interface ByteLane {
  /** A share of `bytes`, or null when there is no room for them. */
  reserve(bytes: number): Reservation | null;
  /**
   * Calls `granted` with a share of `bytes` once there is room for them. Who waits longest comes first, but nothing is kept free
   * for who needs much.
   *
   * @returns gives up waiting
   */
  wait(bytes: number, granted: (share: Reservation) => void): () => void;
}

/** So much of the budget is each lane's own. */
const OWN_SHARE = 1 / 8;

/**
 * Bounds the bytes of bodies that are in memory: being read, or waiting for the log. What does not fit is refused at once, so
 * that a slow log or a burst makes callers wait, not this process grow.
 *
 * Each lane has a part of its own: without it, one would find everything taken for as long as the other asks for more than
 * there is.
 */
export class ByteBudget {
  readonly http: ByteLane;
  readonly grpc: ByteLane;
  private readonly own: number;
  private readonly taken = { http: 0, grpc: 0 };
  private readonly waiting = new Set<Waiting>();

  /**
   * @param limit of all lanes together
   * @param largest body: at most as large as `limit`, or it would never fit
   */
  constructor(
    private readonly limit: number,
    largest: number,
  ) {
    this.own = Math.max(0, Math.min(Math.floor(limit * OWN_SHARE), limit - largest));
    this.http = this.lane('http');
    this.grpc = this.lane('grpc');
  }

  get inFlight(): number {
    return this.taken.http + this.taken.grpc;
  }

  private lane(lane: Lane): ByteLane {
    return {
      reserve: (bytes) => this.reserve(lane, bytes),
      wait: (bytes, granted) => {
        const waiting = { lane, bytes, granted };
        this.waiting.add(waiting);
        return () => this.waiting.delete(waiting);
      },
    };
  }

  private reserve(lane: Lane, bytes: number): Reservation | null {
    let held = 0;
    let released = false;
    const ensure = (wanted: number): boolean => {
      if (wanted <= held) return true;
      if (released || !this.hasRoom(lane, wanted - held)) return false;
      this.taken[lane] += wanted - held;
      held = wanted;
      return true;
    };
    const shrink = (wanted: number): void => {
      if (wanted >= held || released) return;
      this.taken[lane] -= held - wanted;
      held = wanted;
      this.serveWaiting();
    };
    const release = (): void => {
      shrink(0);
      released = true;
    };
    return ensure(bytes) ? { ensure, shrink, release } : null;
  }

  private serveWaiting(): void {
    for (const waiting of this.waiting) {
      const share = this.reserve(waiting.lane, waiting.bytes);
      if (share === null) continue;
      this.waiting.delete(waiting);
      waiting.granted(share);
    }
  }

  /** Within the limit, what the other lane has of its own left alone. */
  private hasRoom(lane: Lane, more: number): boolean {
    const other = this.taken[lane === 'http' ? 'grpc' : 'http'];
    return this.taken[lane] + more + Math.max(other, this.own) <= this.limit;
  }
}

type Lane = 'http' | 'grpc';

interface Waiting {
  readonly lane: Lane;
  readonly bytes: number;
  readonly granted: (share: Reservation) => void;
}
