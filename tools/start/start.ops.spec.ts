import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { canListen } from '@tillstream/local';
import { Kafka, logLevel } from 'kafkajs';
import { commerceText, withThreeMetrics } from '../oracle/three-metrics';

jest.setTimeout(240_000);

const PORTS = {
  'gateway-port': 30080,
  'gateway-grpc-port': 30051,
  'enricher-port': 30081,
  'aggregator-port': 30082,
  'session-tracker-port': 30083,
  'session-tracker-grpc-port': 30053,
  'sink-writer-port': 30084,
  'query-api-port': 30085,
  'query-api-grpc-port': 30052,
};
const GATEWAY = `http://127.0.0.1:${PORTS['gateway-port']}`;

let dataDir: string;
const started: ChildProcess[] = [];

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tillstream-start-'));
});

afterAll(async () => {
  for (const child of started) child.kill('SIGTERM');
  const running = started.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  await Promise.all(running.map((child) => once(child, 'exit')));
  rmSync(dataDir, { recursive: true, force: true });
});

describe('npm start', () => {
  it('serves, goes on after a hard kill with what it had, brings back what dies, and leaves nothing running', async () => {
    const first = await startPlatform();
    await publish('first');
    expect(await rawRecords(first.kafka)).toBe(1);
    first.child.kill('SIGKILL');

    const second = await startPlatform();
    await publish('second');
    expect(await rawRecords(second.kafka)).toBe(2);

    const pid = pidOf('gateway');
    process.kill(pid, 'SIGKILL');
    await second.says(/^gateway has ended by SIGKILL; starting it again/);
    await eventually(async () => (await fetch(`${GATEWAY}/readyz`)).ok);
    expect(pidOf('gateway')).not.toBe(pid);
    await publish('third');

    second.child.kill('SIGTERM');
    expect(await once(second.child, 'exit')).toEqual([0, null]);
    for (const port of [...Object.values(PORTS), Number(second.kafka.split(':')[1])]) {
      expect(await canListen(port)).toBe(true);
    }
    expect(readdirSync(join(dataDir, 'run'))).toEqual([]);
  });

  it('puts a stream file live that has changed since the last time, and says what is new', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'tillstream-start-'));
    const file = join(directory, 'shop.yaml');
    writeFileSync(file, withThreeMetrics(commerceText()));
    const before = await startPlatform(directory, file);
    before.child.kill('SIGTERM');
    await once(before.child, 'exit');

    writeFileSync(file, commerceText());
    const after = await startPlatform(directory, file);
    await after.says(/^ {2}\+ metric peak_hours@/);
    await after.says(/^Put live in 4 partitions of commerce.raw.v1/);
    after.child.kill('SIGTERM');
    expect(await once(after.child, 'exit')).toEqual([0, null]);
    rmSync(directory, { recursive: true, force: true });
  });

  it('names the ports that are taken, and the option that helps', async () => {
    const one = await startPlatform();
    const other = mkdtempSync(join(tmpdir(), 'tillstream-start-'));
    const child = run(other);
    const complaint = text(child.stderr as NodeJS.ReadableStream);
    const [code] = (await once(child, 'exit')) as [number];
    rmSync(other, { recursive: true, force: true });
    expect(code).toBe(1);
    expect(await complaint).toMatch(/^These ports are taken: --gateway-port 30080.*--port-offset/);
    one.child.kill('SIGTERM');
    await once(one.child, 'exit');
  });
});

/** The platform, ready, on the directory of this test. */
async function startPlatform(directory = dataDir, streamFile?: string) {
  const child = run(directory, streamFile);
  const complaint = text(child.stderr as NodeJS.ReadableStream);
  const lines: string[] = [];
  const waiting: (() => void)[] = [];
  createInterface(child.stdout as NodeJS.ReadableStream).on('line', (line) => {
    lines.push(line);
    for (const wake of waiting.splice(0)) wake();
  });
  void once(child, 'exit').then(() => waiting.splice(0).forEach((wake) => wake()));
  const says = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const line = lines.find((each) => pattern.test(each));
      if (line !== undefined) return line;
      if (child.exitCode !== null) throw new Error(`ended: ${await complaint}${lines.join('\n')}`);
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  const ready = await says(/^ready /);
  return { child, says, kafka: /kafka=(\S+)/.exec(ready)?.[1] ?? '' };
}

function run(directory: string, streamFile?: string): ChildProcess {
  const ports = Object.entries(PORTS).flatMap(([name, port]) => [`--${name}`, String(port)]);
  const environment = { ...process.env };
  for (const name of ['KAFKA_BROKERS', 'REDIS_URL']) delete environment[name];
  const file = streamFile === undefined ? [] : ['--stream-file', streamFile];
  const args = [join(__dirname, 'start.mjs'), '--no-simulator', '--data-dir', directory, ...ports, ...file];
  const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
  started.push(child);
  return child;
}

const pidOf = (service: string): number =>
  (JSON.parse(readFileSync(join(dataDir, 'run', `${service}.json`), 'utf8')) as { pid: number }).pid;

async function publish(id: string): Promise<void> {
  const event = { event_id: id, event_type: 'search', timestamp: new Date().toISOString(), user_id: 'u1' };
  const answer = await fetch(`${GATEWAY}/v1/streams/commerce/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer tillstream-demo' },
    body: JSON.stringify(event),
  });
  expect([answer.status, await answer.text()]).toEqual([202, expect.stringContaining('"accepted":1')]);
}

/** Events in raw: its records with this user's key. The others are control records. */
async function rawRecords(brokers: string): Promise<number> {
  const kafka = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `count-${Date.now()}` });
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets('commerce.raw.v1');
  await admin.disconnect();
  let left = ends.filter(({ high }) => high !== '0').length;
  let count = 0;
  await consumer.connect();
  await consumer.subscribe({ topic: 'commerce.raw.v1', fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        eachMessage: async ({ partition, message }) => {
          if (message.value?.includes('"u1"')) count++;
          const end = ends.find((each) => each.partition === partition)?.high;
          if (BigInt(message.offset) + 1n === BigInt(end ?? 0) && --left === 0) resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return count;
}

async function eventually(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition().catch(() => false))) await new Promise((resolve) => setTimeout(resolve, 50));
}
