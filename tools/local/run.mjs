#!/usr/bin/env node
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startBroker, startRedis } from './index.mjs';

const HELP = `Runs a Kafka broker and a Redis on this machine until Ctrl-C.

  node tools/local/run.mjs [--data-dir DIR] [--kafka-port N] [--redis-port N]

  --data-dir DIR    where both keep what they hold (default .tillstream/local); used again by the next run
  --kafka-port N    default 19092
  --redis-port N    default 16379
`;

const { values } = parseArgs({
  options: {
    'data-dir': { type: 'string', default: '.tillstream/local' },
    'kafka-port': { type: 'string', default: '19092' },
    'redis-port': { type: 'string', default: '16379' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  const stopped = new Promise((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  const started = await Promise.allSettled([
    startBroker({ dataDir: join(values['data-dir'], 'kafka'), port: Number(values['kafka-port']) }),
    startRedis({ dataDir: join(values['data-dir'], 'redis'), port: Number(values['redis-port']) }),
  ]);
  const failed = started.filter((outcome) => outcome.status === 'rejected');
  for (const failure of failed) process.stderr.write(`${failure.reason.message}\n`);
  const running = started.filter((outcome) => outcome.status === 'fulfilled').map((outcome) => outcome.value);
  if (failed.length === 0) {
    const [broker, redis] = running;
    process.stdout.write(`ready KAFKA_BROKERS=${broker?.address} REDIS_URL=${redis?.address}\n`);
    await stopped;
  }
  for (const server of running) await server.stop();
  process.exitCode = failed.length === 0 ? 0 : 1;
}
