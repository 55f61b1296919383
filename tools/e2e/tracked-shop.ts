import { credentials, loadPackageDefinition, Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import {
  PROTO_FILES,
  PROTO_LOADER_OPTIONS,
  protoRoot,
  type CountOpenSessionsResponse,
  type GetOpenSessionResponse,
} from '@tillstream/contracts';
import { plainCommerce } from '../oracle/commerce-definition';
import type { PlainDefinition, PlainRow } from '../oracle/raw-oracle';
import type { Platform, ServiceProcess } from './platform';
import { until } from './platform';
import { withVisits } from './visits';

const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const KNOWN_WITHIN_MS = 60_000;

const isType =
  (type: string) =>
  (row: PlainRow): boolean =>
    row['event_type'] === type;

/** The shop with visits short enough that many begin and end in a test. */
export const trackedShop = (text: string): string =>
  withVisits(text, {
    sessions: '{ gap: 30s, outOfOrderness: 10s, also: session_id }',
    attribution: '{ on: [product_id], within: 60s, outOfOrderness: 10s }',
  });

/** The same in plain code. */
export const plainTrackedShop: PlainDefinition = {
  ...plainCommerce,
  sessions: {
    ...{ gapMs: 30 * SECOND_MS, maxDurationMs: DAY_MS, outOfOrdernessMs: 10 * SECOND_MS, by: [], also: 'session_id' },
    ...{ pageView: isType('page_view'), cart: isType('add_to_cart'), removal: isType('remove_from_cart') },
    ...{ purchase: isType('purchase'), type: 'event_type', product: 'product_id', category: 'category' },
    ...{ device: 'device_type', location: 'country', price: 'price', quantity: 'quantity', revenue: 'revenue' },
  },
  attribution: {
    ...{ from: isType('page_view'), to: isType('purchase'), on: ['product_id'], withinMs: 60 * SECOND_MS },
    ...{ outOfOrdernessMs: 10 * SECOND_MS, maxMatches: 100 },
    ...{ category: 'category', device: 'device_type', revenue: 'revenue' },
  },
};

interface TrackerClient {
  getOpenSession: Call<{ stream: string; user: string }, GetOpenSessionResponse>;
  countOpenSessions: Call<{ stream: string }, CountOpenSessionsResponse>;
  close(): void;
}

type Call<Request, Response> = (
  request: Request,
  metadata: Metadata,
  callback: (error: Error | null, response: Response) => void,
) => void;

/** What one replica of the tracker says is open: by partition how many, and the ids of the sessions of some users. */
interface Told {
  readonly counts: readonly string[];
  readonly ids: readonly string[];
}

/**
 * Asks every replica that runs for what is open of all who may be here, until they have come to the end of the log and stand still
 * while they are asked. They must say the same, and count what they tell.
 *
 * @returns how many are open
 */
export async function openOnEveryReplica(platform: Platform, users: readonly string[]): Promise<number> {
  const replicas = platform.processes.filter(({ service, child }) => service === 'session-tracker' && isRunning(child));
  const clients = replicas.map(({ grpc }) => clientOf(grpc!));
  let told: readonly Told[] = [];
  try {
    await until('all replicas to know the same sessions', KNOWN_WITHIN_MS, async () => {
      const before = await Promise.all(clients.map((client) => countsOf(platform, client)));
      told = await Promise.all(clients.map((client) => toldBy(platform, client, users)));
      const asked = [...before, ...told.map(({ counts }) => counts)].map((counts) => counts.join());
      return asked.every((counts) => counts === asked[0]) && (await isAtEnd(platform, told[0]!.counts));
    });
  } finally {
    for (const client of clients) client.close();
  }
  const [first, ...others] = told;
  for (const other of others) expect(other).toEqual(first);
  const total = first!.counts.reduce((sum, counts) => sum + Number(counts.split(' ')[0]), 0);
  expect(first!.ids).toHaveLength(total);
  return total;
}

function clientOf(port: number): TrackerClient {
  const loaded = loadSync(PROTO_FILES.sessions, { ...PROTO_LOADER_OPTIONS, includeDirs: [protoRoot()] });
  const { tillstream } = loadPackageDefinition(loaded) as unknown as {
    tillstream: { sessions: { v1: { SessionService: new (address: string, creds: unknown) => TrackerClient } } };
  };
  return new tillstream.sessions.v1.SessionService(`127.0.0.1:${port}`, credentials.createInsecure());
}

/** `count next` of each partition. */
async function countsOf({ stream }: Platform, client: TrackerClient): Promise<string[]> {
  const { partitions } = await ask<CountOpenSessionsResponse>((done) =>
    client.countOpenSessions({ stream }, new Metadata(), done),
  ).catch(() => ({ partitions: [] })); // a checkpoint is being built anew
  return partitions.map(({ count, asOf }) => `${count} ${asOf?.rawNext}`);
}

async function toldBy(platform: Platform, client: TrackerClient, users: readonly string[]): Promise<Told> {
  const { stream } = platform;
  const answers = await Promise.all(
    users.map((user) =>
      ask<GetOpenSessionResponse>((done) => client.getOpenSession({ stream, user }, new Metadata(), done)).catch(
        () => ({
          sessions: [],
        }),
      ),
    ),
  );
  return {
    counts: await countsOf(platform, client),
    ids: answers.flatMap(({ sessions }) => sessions.map(({ id, events }) => `${id} ${events}`)).sort(),
  };
}

async function isAtEnd({ definition, reader }: Platform, counts: readonly string[]): Promise<boolean> {
  const { schema, topics } = definition;
  if (counts.length < schema.partitions) return false;
  const ends = await Promise.all(counts.map((_, partition) => reader.end(topics.raw, partition)));
  return counts.every((text, partition) => Number(text.split(' ')[1]) === ends[partition]);
}

function isRunning({ exitCode, signalCode }: ServiceProcess['child']): boolean {
  return exitCode === null && signalCode === null;
}

function ask<Response>(call: (done: (error: Error | null, response: Response) => void) => void): Promise<Response> {
  return new Promise((resolve, reject) => call((error, response) => (error ? reject(error) : resolve(response))));
}
