import type { Readable } from 'node:stream';
import type { ByteLane, Reservation } from '../ingest/byte-budget';
import { FrameReader } from './frame-reader';

/** Why a call is ended in the middle of a body. */
export type ArrivalProblem = 'no-room' | 'too-slow';

export interface ArrivingBodiesOptions {
  /** The bytes of one call. */
  readonly stream: Pick<Readable, 'prependListener' | 'once' | 'pause' | 'resume'>;
  /** Null while nothing is taken in. */
  readonly lane: () => ByteLane | null;
  /** Whether bodies that find no room wait for it, and their client with them; else they end the call. */
  readonly mayWait: boolean;
  /** A body counts as so many bytes at most: what is larger is refused whatever there is room for. */
  readonly maxBodyBytes: number;
  /** Longer messages end their call without us. */
  readonly maxMessageBytes: number;
  /** From the first byte of a body to its last, waiting included. */
  readonly timeoutMs: number;
  /** Ends the call; told once. */
  readonly refuse: (problem: ArrivalProblem) => void;
}

interface ArrivingBody {
  readonly bytes: number;
  readonly compressed: boolean;
  reservation: Reservation | null;
  complete: boolean;
}

/** No deflate stream becomes more than so many times as long. */
const DEFLATE_RATIO = 1_032;

/**
 * The bodies of one call that are on their way. Each takes its share of the budget as soon as its length is known, when hardly
 * anything of it has come: what finds no room is never in memory.
 *
 * A body of a stream that finds no room holds its stream up: nothing more is read, and HTTP/2's flow control stops the client. It
 * has no share of anything while it waits, so streams never wait for one another.
 */
export class ArrivingBodies {
  /** Those that have not been handed out, in order. Only the last can be incomplete. */
  private readonly bodies: ArrivingBody[] = [];
  private readonly frames = new FrameReader({
    begins: (bytes, compressed) => this.begins(bytes, compressed),
    ends: () => this.ends(),
  });
  private stopWaiting: (() => void) | null = null;
  private timer: NodeJS.Timeout | undefined;
  private over = false;
  /** What is to happen once the first body has its share: it is handed out, or read. */
  private pending: (() => void)[] = [];

  constructor(private readonly options: ArrivingBodiesOptions) {
    // Before grpc-js sees a chunk: a body that is refused is not put together.
    options.stream.prependListener('data', (chunk: Buffer) => this.receive(chunk));
    options.stream.once('close', () => this.close());
  }

  /** Calls `read` once reading on cannot bring in what there is no room for. */
  whenReadable(read: () => void): void {
    if (this.stopWaiting === null || this.isFirstReady) read();
    else this.pending.push(read);
  }

  /** Calls `take` with the share of the next body, once it has one. */
  whenCounted(take: (reservation: Reservation) => void): void {
    const hand = (): void => {
      const reservation = this.bodies.shift()?.reservation;
      if (reservation != null) take(reservation);
    };
    if (this.isFirstReady) hand();
    else this.pending.push(hand);
  }

  /** Counts no more. What was handed out is not ours any more; the rest is given back. */
  close(): void {
    this.over = true;
    this.stopTimer();
    this.stopWaiting?.();
    this.stopWaiting = null;
    this.pending = [];
    for (const { reservation } of this.bodies.splice(0)) reservation?.release();
  }

  private get isFirstReady(): boolean {
    const [first] = this.bodies;
    return first !== undefined && first.complete && first.reservation !== null;
  }

  private receive(chunk: Buffer): void {
    if (this.over) return;
    this.frames.read(chunk);
    this.watchTime();
  }

  private begins(length: number, compressed: boolean): boolean {
    const { maxMessageBytes, maxBodyBytes } = this.options;
    if (length > maxMessageBytes) return false;
    const bytes = Math.min(length, maxBodyBytes);
    this.bodies.push({ bytes, compressed, reservation: null, complete: false });
    if (this.stopWaiting === null) this.reserveNext();
    return !this.over;
  }

  private ends(): boolean {
    this.stopTimer();
    const last = this.bodies.at(-1) as ArrivingBody;
    last.complete = true;
    if (!last.compressed) return true;
    // It is decompressed next. That cannot be held up any more, only be prevented.
    const most = Math.min(last.bytes * DEFLATE_RATIO, this.options.maxBodyBytes);
    if (last.reservation?.ensure(most) !== true) this.refuse('no-room');
    return !this.over;
  }

  /** Gives the first body that has none its share, now or when there is room. */
  private reserveNext(): void {
    const body = this.bodies.find(({ reservation }) => reservation === null);
    if (body === undefined) return;
    const { lane, mayWait, stream } = this.options;
    const open = lane();
    body.reservation = open?.reserve(body.bytes) ?? null;
    if (body.reservation !== null) return this.reserveNext();
    if (open === null || !mayWait || body.compressed) return this.refuse('no-room');
    stream.pause();
    this.stopWaiting = open.wait(body.bytes, (reservation) => {
      this.stopWaiting = null;
      body.reservation = reservation;
      this.reserveNext();
      this.goOn();
    });
  }

  private goOn(): void {
    this.watchTime();
    for (const go of this.pending.splice(0)) go();
    if (this.stopWaiting === null && this.bodies.at(-1)?.complete === false) this.options.stream.resume();
  }

  private watchTime(): void {
    if (this.over || !(this.frames.isInMessage || this.stopWaiting !== null)) return this.stopTimer();
    const tooLate = (): void => this.refuse(this.stopWaiting === null ? 'too-slow' : 'no-room');
    this.timer ??= setTimeout(tooLate, this.options.timeoutMs).unref();
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private refuse(problem: ArrivalProblem): void {
    if (this.over) return;
    this.close();
    this.options.refuse(problem);
  }
}
