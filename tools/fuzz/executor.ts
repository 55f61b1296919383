import { openSync, writeSync } from 'node:fs';

import type { CoverageMap } from './instrument/coverage-map';
import { BrokenPromiseError, type FuzzTarget } from './fuzz-target';

const MOST_ALLOCATED_BYTES = 64 * 1024 * 1024;
/** A run that takes longer is looked at again, by the processor's time. */
const SLOW_MS = 1_000;
const HEADER_BYTES = 4;

/** Why an input is a finding. Findings of one signature have one cause, as far as one can tell. */
export interface Failure {
  readonly signature: string;
  readonly text: string;
}

/** How much the product has asked for since it was set to 0. */
export interface Account {
  bytes: number;
}

/** Runs inputs one at a time; the one that is running is in a file, for whoever finds this process dead or stuck. */
export class Executor {
  /** Inputs that were run. */
  runs = 0;
  private readonly current: number;

  constructor(
    private readonly target: FuzzTarget,
    private readonly coverage: CoverageMap,
    private readonly account: Account,
    currentFile: string,
  ) {
    this.current = openSync(currentFile, 'w');
  }

  /** The counters hold what the input made the product do until the next call. */
  async run(input: Uint8Array): Promise<Failure | null> {
    const startedMs = performance.now();
    const failure = await this.runOnce(input);
    if (failure !== null || performance.now() - startedMs < SLOW_MS) return failure;
    const before = process.cpuUsage();
    const again = await this.runOnce(input);
    const { user, system } = process.cpuUsage(before);
    const cpuMs = (user + system) / 1_000;
    if (again !== null || cpuMs < SLOW_MS) return again;
    return { signature: 'slow', text: `${input.length} bytes take ${cpuMs.toFixed(0)} ms of processor time` };
  }

  private async runOnce(input: Uint8Array): Promise<Failure | null> {
    const { coverage, account, target } = this;
    this.announce(input);
    coverage.clear();
    account.bytes = 0;
    this.runs++;
    try {
      // The product may keep a view on what it was given, and must not change it.
      const given = Uint8Array.from(input);
      const running = target.run(given);
      if (running !== undefined) await running;
      if (Buffer.compare(given, input) !== 0) throw new BrokenPromiseError('the input was written to');
    } catch (error) {
      return failureOf(error);
    }
    const most = target.maxAllocatedBytes ?? MOST_ALLOCATED_BYTES;
    if (account.bytes <= most) return null;
    return { signature: 'allocates', text: `${input.length} bytes of input make it allocate ${account.bytes} bytes` };
  }

  private announce(input: Uint8Array): void {
    const framed = Buffer.allocUnsafe(HEADER_BYTES + input.length);
    framed.writeUInt32LE(input.length);
    framed.set(input, HEADER_BYTES);
    writeSync(this.current, framed, 0, framed.length, 0);
  }
}

/** The input that was running when its process ended, from the file an Executor left. */
export function lastInput(file: Buffer): Uint8Array {
  return file.subarray(HEADER_BYTES, HEADER_BYTES + file.readUInt32LE());
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { signature: 'thrown', text: String(error) };
  const summary = `${error.name}: ${error.message}`.replace(/[0-9]+/g, '0').slice(0, 60);
  const signature =
    error instanceof BrokenPromiseError ? summary.split(': is ', 1)[0] : `${summary} ${topFrame(error)}`;
  return { signature: signature ?? summary, text: error.stack ?? error.message };
}

/** The innermost function of the project that was running. */
function topFrame({ stack = '' }: Error): string {
  return /at (\S+) \(.*\/(?:libs|apps)\//.exec(stack)?.[1] ?? '';
}
