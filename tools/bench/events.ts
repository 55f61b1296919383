import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cached, fingerprint } from '@tillstream/local';

/** Two hours of event time for two million events, with five seconds of disorder: the shape that engines are compared on. */
const EVENTS_A_SECOND = 2_000_000 / 7_200;
const SHAPE = ['--uniform', '--disorder', '5s', '--start', '2026-01-05T00:00:00Z'];
const PACE = ['--rate', '0', '--time-rate', String(EVENTS_A_SECOND)];
const SEED = 7;
const GENERATOR = 'libs/shop-events/src';

const LINE_FEED = 0x0a;
const USER = Buffer.from('"user_id":"');
const QUOTE = 0x22;

/** Events as they stand in a file, one a line: text is made only of those that are asked for. */
export class EventFile {
  constructor(
    private readonly bytes: Buffer,
    /** Where each event begins, and where one more would. */
    private readonly starts: Float64Array,
    readonly length = starts.length - 1,
  ) {}

  /** The JSON of an event, as a view. @throws RangeError beyond the last */
  at(index: number): Buffer {
    const [from, next] = [this.starts[index], this.starts[index + 1]];
    if (from === undefined || next === undefined) throw new RangeError(`there is no event ${index}`);
    return this.bytes.subarray(from, next - 1);
  }

  /** The user id of an event, as a view: what decides its partition. */
  keyAt(index: number): Buffer {
    const event = this.at(index);
    const from = event.indexOf(USER) + USER.length;
    return event.subarray(from, event.indexOf(QUOTE, from));
  }

  /** The first `count`. */
  first(count: number): EventFile {
    return new EventFile(this.bytes, this.starts.subarray(0, count + 1));
  }

  /** Time of the newest of them, as `timestamp` says it. */
  newestMs(): number {
    const last = Array.from({ length: Math.min(this.length, 10_000) }, (_, i) => this.at(this.length - 1 - i));
    return Math.max(...last.map((event) => Date.parse((JSON.parse(String(event)) as { timestamp: string }).timestamp)));
  }

  [Symbol.iterator](): Iterator<Buffer> {
    let next = 0;
    return {
      next: () => (next < this.length ? { value: this.at(next++), done: false } : { value: undefined, done: true }),
    };
  }
}

/** Uniform events of the seeded generator. A file is made once for each count and kept in the cache directory. */
export async function uniformEvents(count: number, say: (text: string) => void): Promise<EventFile> {
  const sources = readdirSync(GENERATOR)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .sort()
    .map((name) => readFileSync(join(GENERATOR, name), 'utf8'));
  const args = ['--seed', String(SEED), '--count', String(count), ...SHAPE, ...PACE];
  const directory = await cached(`events-${count}-${fingerprint([...args, ...sources].join('\n'))}`, async (work) => {
    say(`making ${count} events`);
    const till = join(process.cwd(), 'dist/apps/cli/main.js');
    execFileSync(process.execPath, [till, 'generate', '--to', join(work, 'events.ndjson'), ...args], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
  });
  const events = eventsIn(readFileSync(join(directory, 'events.ndjson')));
  if (events.length !== count) throw new Error(`${directory} holds ${events.length} events, not ${count}: remove it`);
  return events;
}

/** @param lines one event each, every one ended */
export function eventsIn(lines: Buffer): EventFile {
  const starts: number[] = [0];
  for (let end = lines.indexOf(LINE_FEED); end >= 0; end = lines.indexOf(LINE_FEED, end + 1)) starts.push(end + 1);
  return new EventFile(lines, Float64Array.from(starts));
}
