import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Kafka, logLevel } from 'kafkajs';
import { Client } from 'pg';

import type { Postgres } from './postgres.mjs';
import { canListen, endStale, startBroker, startCluster, startPostgres, startRedis } from './index.mjs';

jest.setTimeout(120_000);

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tillstream-local-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

// Ports are chosen free and taken a moment later: another program may have been quicker.
jest.retryTimes(2, { logErrorsBeforeRetry: true });

describe('a local broker', () => {
  it('has what was written when it comes back after a hard kill, on the same port', async () => {
    const broker = await startBroker({ dataDir: directory });
    try {
      await createTopic(broker.address, 'kept');
      await write(broker.address, 'kept', 'before');
      await broker.kill();
      expect(broker.isRunning()).toBe(false);

      await broker.restart();
      await write(broker.address, 'kept', 'after');
      expect(await endOffset(broker.address, 'kept')).toBe('2');
    } finally {
      await broker.stop();
    }
    expect(await canListen(broker.port)).toBe(true);
  });

  it('takes an id of its cluster that looks like an option for an id', async () => {
    writeFileSync(join(directory, 'cluster.id'), '-hB1xXn6Q2yOqLhVxBzIxQ');
    const broker = await startBroker({ dataDir: directory });
    await broker.stop();
  });

  it('refuses writes to topics that nobody created', async () => {
    const broker = await startBroker({ dataDir: directory });
    try {
      await expect(write(broker.address, 'misspelt', 'x')).rejects.toThrow('does not host this topic-partition');
    } finally {
      await broker.stop();
    }
  });
});

describe('a local cluster', () => {
  it('takes writes for all replicas while one of three brokers is dead', async () => {
    const cluster = await startCluster({ dataDir: directory });
    try {
      await createTopic(cluster.address, 'kept');
      await write(cluster.address, 'kept', 'with three');
      await cluster.brokers[0]?.kill();
      await write(cluster.address, 'kept', 'with two');
      await cluster.brokers[0]?.restart();
      // A client that lost the answer of a dying broker has written again: more is right, less is not.
      expect(Number(await endOffset(cluster.address, 'kept'))).toBeGreaterThanOrEqual(2);
    } finally {
      await cluster.stop();
    }
  });
});

describe('a local Redis', () => {
  it('has all that it confirmed when it comes back after a hard kill, and never evicts', async () => {
    const redis = await startRedis({ dataDir: directory });
    expect(await command(redis.port, 'SET kept 1')).toBe('+OK');
    await redis.kill();

    const again = await startRedis({ dataDir: directory, port: redis.port });
    try {
      expect(await command(again.port, 'EXISTS kept')).toBe(':1');
      expect(await command(again.port, 'CONFIG GET maxmemory-policy')).toContain('noeviction');
    } finally {
      await again.stop();
    }
  });
});

describe('a local PostgreSQL', () => {
  it('has all that it confirmed when it comes back after a hard kill, and asks for a password', async () => {
    const first = await startPostgres({ dataDir: directory });
    await query(first, 'CREATE TABLE kept AS SELECT 1 AS one');
    await first.kill();
    expect(first.isRunning()).toBe(false);

    const again = await startPostgres({ dataDir: directory, port: first.port });
    try {
      expect(await query(again, 'SELECT one FROM kept')).toEqual([{ one: 1 }]);
      await expect(query({ ...again, password: 'wrong' }, 'SELECT 1')).rejects.toThrow('password authentication');
    } finally {
      await again.stop();
    }
    expect(await canListen(again.port)).toBe(true);
  });
});

describe('the servers of a process that is killed hard', () => {
  it('end with it, and the next run on the same directories starts', async () => {
    const args = [join(__dirname, 'run.mjs'), '--data-dir', directory, '--kafka-port', '0', '--redis-port', '0'];
    const first = await startRun(args);
    first.child.kill('SIGKILL');
    await Promise.all(first.ports.map(waitUntilFree));

    const second = await startRun(args);
    second.child.kill('SIGTERM');
    await once(second.child, 'exit');
    for (const port of second.ports) expect(await canListen(port)).toBe(true);
  });
});

describe('a pid file of an earlier run', () => {
  it('ends the process it names, when that still has the same command line', async () => {
    const left = spawn('sleep', ['1234'], { stdio: 'ignore', detached: true });
    const ended = once(left, 'exit');
    writeFileSync(join(directory, 'pid'), JSON.stringify({ pid: left.pid, args: ['1234'] }));
    expect(await endStale(join(directory, 'pid'))).toBe(true);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });

  it('leaves a process alone that has merely been given the number since', async () => {
    const stranger = spawn('sleep', ['1234'], { stdio: 'ignore', detached: true });
    writeFileSync(join(directory, 'pid'), JSON.stringify({ pid: stranger.pid, args: ['/some/server.properties'] }));
    expect(await endStale(join(directory, 'pid'))).toBe(false);
    expect(stranger.kill('SIGTERM')).toBe(true);
    expect(await once(stranger, 'exit')).toEqual([null, 'SIGTERM']);
  });
});

async function startRun(args: string[]) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with code ${code}`)));
  const [line] = (await Promise.race([once(createInterface(child.stdout), 'line'), ended])) as [string];
  ended.catch(() => undefined); // later on that is what the test wants
  expect(line).toMatch(/^ready /);
  return { child, ports: [...line.matchAll(/:(\d+)/g)].map((match) => Number(match[1])) };
}

async function waitUntilFree(port: number): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await canListen(port))) {
    if (Date.now() > deadline) throw new Error(`port ${port} is still in use`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function clientOf(brokers: string): Kafka {
  return new Kafka({
    brokers: brokers.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, retries: 9 },
  });
}

async function createTopic(brokers: string, topic: string): Promise<void> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
}

async function write(brokers: string, topic: string, value: string): Promise<void> {
  const producer = clientOf(brokers).producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    await producer.send({ topic, acks: -1, messages: [{ value, partition: 0 }] });
  } finally {
    await producer.disconnect();
  }
}

async function endOffset(brokers: string, topic: string): Promise<string | undefined> {
  const admin = clientOf(brokers).admin();
  await admin.connect();
  const [partition] = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return partition?.high;
}

async function query(
  { port, user, password }: Pick<Postgres, 'port' | 'user' | 'password'>,
  sql: string,
): Promise<unknown[]> {
  const client = new Client({ host: '127.0.0.1', port, user, password, database: 'postgres' });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function command(port: number, line: string): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.write(`${line}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer.toString().trim();
}
