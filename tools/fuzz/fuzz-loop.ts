import { setImmediate as turn } from 'node:timers/promises';

import type { SeededRandom } from '@tillstream/shop-events';

import type { CoverageMap } from './instrument/coverage-map';
import type { Executor, Failure } from './executor';
import type { Mutator } from './mutate/mutator';
import { shrink } from './shrink';

/** How often the loop asks whether it goes on, and lets go of the processor for messages. */
const RUNS_BETWEEN_LOOKS = 50;
const TURN_EVERY_MS = 200;
const SHRINK_RUNS = 3_000;
const FAVOURED = 0.8;

/** An input that went a way no other had gone before it. */
interface Entry {
  readonly bytes: Uint8Array;
  /** Of how many features it is the shortest input known. */
  shortestOf: number;
}

export interface Finding extends Failure {
  readonly input: Uint8Array;
}

export interface LoopEvents {
  /** An input that is worth keeping. */
  found(input: Uint8Array): void;
  failed(finding: Finding): void;
  /** Called a few times a second. */
  looked(): void;
}

/** Makes inputs of inputs and keeps those that make the product do something new. */
export class FuzzLoop {
  readonly entries: Entry[] = [];
  private favoured: Entry[] = [];
  private readonly shortest = new Map<number, Entry>();
  private readonly signatures = new Set<string>();
  private turnedMs = 0;

  constructor(
    private readonly executor: Executor,
    private readonly coverage: CoverageMap,
    private readonly random: SeededRandom,
    private readonly events: LoopEvents,
  ) {}

  /** Runs what is given as it is, the shortest first. */
  async begin(inputs: readonly Uint8Array[]): Promise<void> {
    for (const input of [...inputs].sort((a, b) => a.length - b.length)) {
      await this.run(input, () => undefined);
      await this.look();
    }
  }

  /** Fuzzes as long as `goesOn`, which is told how many inputs were made so far. */
  async fuzz(mutator: Mutator, goesOn: (made: number) => boolean): Promise<void> {
    if (this.entries.length === 0) this.entries.push({ bytes: new Uint8Array(0), shortestOf: 0 });
    const found = (input: Uint8Array): void => this.events.found(input);
    for (let made = 0; goesOn(made); made += RUNS_BETWEEN_LOOKS) {
      for (let left = RUNS_BETWEEN_LOOKS; left > 0; left--) {
        await this.run(mutator.mutate(this.pick().bytes, this.pick().bytes), found);
      }
      await this.look();
    }
  }

  private async run(input: Uint8Array, found: (input: Uint8Array) => void): Promise<void> {
    const failure = await this.executor.run(input);
    if (failure !== null) return this.report(input, failure);
    if (!this.coverage.hasNews()) return;
    const { features } = this.coverage.take();
    const entry: Entry = { bytes: input, shortestOf: 0 };
    for (const feature of features) {
      const before = this.shortest.get(feature);
      if (before !== undefined && before.bytes.length <= input.length) continue;
      if (before !== undefined) before.shortestOf--;
      entry.shortestOf++;
      this.shortest.set(feature, entry);
    }
    this.entries.push(entry);
    this.favoured = this.entries.filter(({ shortestOf }) => shortestOf > 0);
    found(input);
  }

  private async report(input: Uint8Array, failure: Failure): Promise<void> {
    if (this.signatures.has(failure.signature)) return;
    this.signatures.add(failure.signature);
    const fails = async (smaller: Uint8Array): Promise<boolean> =>
      (await this.executor.run(smaller))?.signature === failure.signature;
    // What depends on the inputs before cannot be made smaller, and is kept as it is.
    const smallest = (await fails(input)) ? await shrink(input, fails, SHRINK_RUNS) : input;
    const shown = (await this.executor.run(smallest)) ?? failure;
    this.events.failed({ ...shown, signature: failure.signature, input: smallest });
  }

  private pick(): Entry {
    const from = this.favoured.length > 0 && this.random.chance(FAVOURED) ? this.favoured : this.entries;
    return this.random.pick(from);
  }

  private async look(): Promise<void> {
    if (performance.now() - this.turnedMs < TURN_EVERY_MS) return;
    this.turnedMs = performance.now();
    this.events.looked();
    await turn();
  }
}
