import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from '@tillstream/local';
import { until } from '../../e2e/platform';
import type { ServiceName, ServiceSlot } from '../fault';

const CLOCK_STEP = join(process.cwd(), 'tools/chaos/stage/clock-step.cjs');
const ANSWER_WITHIN_MS = 30_000;
const READY_ANSWER_WITHIN_MS = 2_000;
/** Longer than the 25 s within which a service ends by itself. */
const STOP_WITHIN_MS = 30_000;

export interface SlotOptions {
  readonly name: string;
  readonly service: ServiceName;
  readonly http: number;
  readonly grpc: number | null;
  /** The bundle that is run. */
  readonly program: string;
  /** Of the run: the slot's log and orders go there. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
}

type Child = Awaited<ReturnType<typeof launch>>;

/** One replica of a service, as a process of its own that is guarded: it never outlives the run. */
export class ServiceProcess implements ServiceSlot {
  readonly name: string;
  readonly service: ServiceName;
  readonly http: number;
  readonly grpc: number | null;
  readonly logFile: string;
  /** How its processes ended that nobody had told to. */
  readonly unexplainedEnds: string[] = [];
  isRetired = false;
  private child: Child | null = null;
  private readonly orders: string;
  private order = 0;
  private clockStepMs = 0;

  constructor(private readonly options: SlotOptions) {
    ({ name: this.name, service: this.service, http: this.http, grpc: this.grpc } = options);
    this.logFile = join(options.directory, `${options.name}.log`);
    this.orders = join(options.directory, `${options.name}.orders`);
  }

  isRunning(): boolean {
    return this.child?.isRunning() === true;
  }

  async start(): Promise<void> {
    if (this.isRunning() || this.isRetired) return;
    const { program, environment, http, grpc } = this.options;
    const child = await launch({
      command: process.execPath,
      args: ['--require', CLOCK_STEP, program],
      env: {
        ...process.env,
        ...environment,
        HTTP_HOST: '127.0.0.1',
        HTTP_PORT: String(http),
        ...(grpc === null ? {} : { GRPC_PORT: String(grpc) }),
        LOG_LEVEL: 'debug',
        CHAOS_ORDERS: this.orders,
      },
      logFile: this.logFile,
    });
    this.child = child;
    void child.exited.then(({ code, signal }) => {
      if (this.child === child) this.unexplainedEnds.push(`${this.name} ended by itself: ${signal ?? `code ${code}`}`);
    });
  }

  async kill(): Promise<void> {
    const child = this.forget();
    await child?.kill('SIGKILL');
  }

  async stop(): Promise<void> {
    const child = this.forget();
    if (child === null || !child.isRunning()) return;
    await child.stop({ timeoutMs: STOP_WITHIN_MS });
    const { code, signal } = await child.exited;
    if (code !== 0) this.unexplainedEnds.push(`${this.name} did not stop in order: ${signal ?? `code ${code}`}`);
  }

  async retire(): Promise<void> {
    this.isRetired = true;
    await this.kill();
  }

  async pause(): Promise<void> {
    await this.child?.kill('SIGSTOP');
  }

  async resume(): Promise<void> {
    await this.child?.kill('SIGCONT');
  }

  async stepClock(byMs: number): Promise<void> {
    if (this.clockStepMs === byMs) return;
    this.clockStepMs = byMs;
    await this.tell();
  }

  /** Bytes in use after a full collection of the heap. */
  liveBytes(): Promise<number> {
    return this.tell();
  }

  async isReady(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${this.http}/readyz`, {
      signal: AbortSignal.timeout(READY_ANSWER_WITHIN_MS),
    }).catch(() => null);
    await answer?.body?.cancel();
    return answer?.ok === true;
  }

  /** Why it is not ready, as it says itself. */
  async whyNotReady(): Promise<string> {
    const answer = await fetch(`http://127.0.0.1:${this.http}/readyz`).catch(() => null);
    return answer === null ? 'no answer' : `${answer.status} ${await answer.text()}`;
  }

  /** From here on the end of the process is no surprise. */
  private forget(): Child | null {
    const { child } = this;
    this.child = null;
    return child;
  }

  private async tell(): Promise<number> {
    this.order += 1;
    const id = this.order;
    const answerFile = `${this.orders}.answer`;
    rmSync(answerFile, { force: true });
    writeFileSync(this.orders, JSON.stringify({ id, byMs: this.clockStepMs }));
    // A process that has just begun would be ended by the signal; it reads the file at its start.
    if (!(await this.isReady())) return NaN;
    await this.child?.kill('SIGUSR2');
    let liveBytes = NaN;
    await until(`${this.name} to answer an order`, ANSWER_WITHIN_MS, () => {
      if (!this.isRunning()) return Promise.resolve(true);
      if (!existsSync(answerFile)) return Promise.resolve(false);
      const answer = JSON.parse(readFileSync(answerFile, 'utf8')) as { id: number; liveBytes: number };
      if (answer.id === id) ({ liveBytes } = answer);
      return Promise.resolve(answer.id === id);
    });
    return liveBytes;
  }
}
