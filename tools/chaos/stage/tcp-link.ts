import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { SeededRandom } from '@tillstream/engine/testing';
import type { Link } from '../fault';

/** What becomes of the bytes that come by. */
type Mode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'delay'; readonly byMs: number }
  | { readonly kind: 'cut' }
  | { readonly kind: 'stall' }
  | { readonly kind: 'swallow'; readonly share: number; readonly random: SeededRandom }
  | { readonly kind: 'throttle'; readonly bytesPerMs: number };

const PASS: Mode = { kind: 'pass' };

/** A TCP proxy on the loopback interface that can be told to do harm. */
export class TcpLink implements Link {
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private mode: Mode = PASS;
  /** When a throttled link is free again (monotonic ms); all of its connections share it. */
  private freeMs = 0;

  constructor(
    readonly from: string,
    readonly to: Link['to'],
    readonly port: number,
    readonly targetPort: number,
  ) {
    this.server = createServer((near) => this.join(near));
  }

  get name(): string {
    return `${this.from} to ${this.to}`;
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve);
    });
  }

  /** Connections that were stalled are ended: bytes are missing in them that nobody will send again. */
  mend(): void {
    if (this.mode.kind === 'stall') this.endAll();
    this.mode = PASS;
  }

  delay(byMs: number): void {
    this.mode = { kind: 'delay', byMs };
  }

  cut(): void {
    this.mode = { kind: 'cut' };
    this.endAll();
  }

  stall(): void {
    this.mode = { kind: 'stall' };
  }

  swallowAnswers(share: number, random: SeededRandom): void {
    this.mode = { kind: 'swallow', share, random };
  }

  throttle(bytesPerSecond: number): void {
    this.mode = { kind: 'throttle', bytesPerMs: bytesPerSecond / 1_000 };
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private endAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  private join(near: Socket): void {
    if (this.mode.kind === 'cut') {
      near.destroy();
      return;
    }
    const far = connect({ host: '127.0.0.1', port: this.targetPort });
    const end = (): void => {
      for (const socket of [near, far]) {
        socket.destroy();
        this.sockets.delete(socket);
      }
    };
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      this.sockets.add(socket);
      socket.on('error', end).on('close', end);
    }
    this.pipe(near, far, end, false);
    this.pipe(far, near, end, true);
  }

  /** Chunks of one direction keep their order: each is due no earlier than the one before it. */
  private pipe(source: Socket, target: Socket, end: () => void, areAnswers: boolean): void {
    let dueMs = 0;
    let waiting = 0;
    source.on('data', (chunk: Buffer) => {
      const { mode } = this;
      if (mode.kind === 'stall') return;
      if (mode.kind === 'swallow' && areAnswers && mode.random.chance(mode.share)) {
        end();
        return;
      }
      const nowMs = performance.now();
      dueMs = Math.max(dueMs, this.dueMs(mode, chunk.length, nowMs));
      if (dueMs <= nowMs && waiting === 0) {
        this.write(target, source, chunk);
        return;
      }
      waiting += 1;
      if (mode.kind === 'throttle') source.pause(); // or the memory of this process would be the buffer
      setTimeout(() => {
        waiting -= 1;
        this.write(target, source, chunk);
        source.resume();
      }, dueMs - nowMs);
    });
    source.on('end', () => target.end());
  }

  private dueMs(mode: Mode, bytes: number, nowMs: number): number {
    if (mode.kind === 'delay') return nowMs + mode.byMs;
    if (mode.kind !== 'throttle') return nowMs;
    this.freeMs = Math.max(this.freeMs, nowMs) + bytes / mode.bytesPerMs;
    return this.freeMs;
  }

  private write(target: Socket, source: Socket, chunk: Buffer): void {
    if (target.destroyed || target.write(chunk)) return;
    source.pause();
    target.once('drain', () => source.resume());
  }
}
