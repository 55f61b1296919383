/** A door of the product, and what must hold for whatever comes through it. */
export interface FuzzTarget {
  /** As on the command line, and the directory of its corpus. */
  readonly name: string;
  /** What comes through the door, and what is asked of it, in a line. */
  readonly about: string;
  /** Inputs are no longer than this. */
  readonly maxBytes: number;
  /** Typed arrays and buffers that one input may make the product allocate, in bytes; default 64 MiB. */
  readonly maxAllocatedBytes?: number;
  /** Words of the format, put into inputs beside the constants of the product's own code. */
  readonly dictionary?: readonly string[];
  /** Sound inputs to begin with. */
  seeds(): readonly Uint8Array[];
  /** Gives the input to the product and throws when a promise is broken. An input that is refused as documented is fine. */
  run(input: Uint8Array): void | Promise<void>;
  /** Lets go of what keeps the process alive. */
  close?(): Promise<void>;
}

/** A promise that an input broke. */
export class BrokenPromiseError extends Error {
  override readonly name = 'BrokenPromiseError';
}

/** @throws BrokenPromiseError saying both when they differ; values are compared as JSON */
export function expectSame(what: string, actual: unknown, expected: unknown): void {
  if (Object.is(actual, expected)) return;
  const [a, e] = [plain(actual), plain(expected)];
  if (a !== e) throw new BrokenPromiseError(`${what}: is ${a.slice(0, 2_000)}, should be ${e.slice(0, 2_000)}`);
}

/** @throws BrokenPromiseError */
export function promise(holds: boolean, broken: string): void {
  if (!holds) throw new BrokenPromiseError(broken);
}

/** Runs what may refuse its input by errors that `isRefusal` knows; undefined when it does. Others are thrown on. */
export function unlessRefused<T>(isRefusal: (error: unknown) => boolean, run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** JSON that tells apart what JSON.stringify does not: -0, NaN, infinities, bigints, maps and bytes. Keys are in order. */
function plain(value: unknown): string {
  return JSON.stringify(value, replaced) ?? 'undefined';
}

function replaced(this: Readonly<Record<string, unknown>>, key: string): unknown {
  const item = this[key]; // not what a toJSON has made of it
  if (typeof item === 'bigint') return `${item}n`;
  if (typeof item === 'number') return Object.is(item, -0) ? '-0' : Number.isFinite(item) ? item : String(item);
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return item;
  if (item instanceof Map) return [...(item as Map<unknown, unknown>)];
  if (item instanceof Set) return [...(item as Set<unknown>)];
  if (ArrayBuffer.isView(item)) return Buffer.from(item.buffer, item.byteOffset, item.byteLength).toString('hex');
  return Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));
}
