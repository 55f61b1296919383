import { createReadStream, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import { SeededRandom } from '@tillstream/engine/testing';
import { Platform } from './platform';
import { publish } from './through-gateway';
import { till } from './till';
import { plainComparison, plainVisits, visitsAgree, withVisits } from './visits';

const DATA = process.env['TILLSTREAM_DATA'] ?? '../shared/data';
const FILE = join(DATA, 'rees46/2019-10-01_0000-0250.csv.gz');
const SEED = Number(process.env['TILLSTREAM_E2E_SEED'] ?? 20_261);
/** The file is of three hours: whatever the order of its rows, none is late. */
const BOUND = 'outOfOrderness: 4h';
const BODY_EVENTS = 1_000;
const END_MS = Date.parse('2019-10-02T00:00:00Z');

const there = existsSync(FILE);
if (!there)
  process.stderr.write(`skipped: there is no ${FILE}; TILLSTREAM_DATA names the directory of the real data\n`);

(there ? describe : describe.skip)('all rows of a real shop in random order', () => {
  const platform = new Platform((text) =>
    withVisits(text, {
      sessions: `{ gap: 30m, also: session_id, ${BOUND} }`,
      attribution: `{ within: 30m, ${BOUND} }`,
    }),
  );

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll();
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it(`give the sessions and pairs that a plain script finds in the rows put in order (seed ${SEED})`, async () => {
    const events = shuffled(await eventsOf(FILE), new SeededRandom(SEED));
    const file = join(platform.directory, 'shuffled.ndjson');
    writeFileSync(file, events.map((event) => `${event}\n`).join(''));
    for (let at = 0; at < events.length; at += BODY_EVENTS) await publish(platform, events.slice(at, at + BODY_EVENTS));
    await platform.advance(END_MS);

    const expected = await plainVisits([file]);
    expect([expected.sessions.length, expected.attributions.length]).toEqual([4_518, 214]);
    await visitsAgree(platform, expected);

    const { examples: _, ...compared } = await plainComparison([file]);
    const { stdout } = await till(platform, 'sessions', '--compare', '--json');
    expect(JSON.parse(stdout)).toMatchObject(compared);
  }, 240_000);
});

function shuffled<Item>(items: readonly Item[], random: SeededRandom): Item[] {
  const order = [...items];
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The rows of the file as events, one JSON text each. */
async function eventsOf(file: string): Promise<string[]> {
  const events: string[] = [];
  let header: readonly string[] | null = null;
  for await (const line of createInterface({ input: createReadStream(file).pipe(createGunzip()) })) {
    const cells = line.split(',');
    if (header === null) {
      header = cells;
      continue;
    }
    const row = Object.fromEntries(header.map((name, i) => [name, cells[i] ?? '']));
    events.push(
      JSON.stringify({
        event_id: `row-${events.length}`,
        event_type: row['event_type'],
        timestamp: row['event_time']?.replace(' UTC', 'Z').replace(' ', 'T'),
        user_id: row['user_id'],
        product_id: row['product_id'],
        category: row['category_code'] || 'unknown',
        price: Number(row['price']),
        quantity: 1,
        session_id: row['user_session'],
      }),
    );
  }
  return events;
}
