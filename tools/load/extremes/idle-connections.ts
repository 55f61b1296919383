import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { connect as connectTcp } from 'node:net';
import type { ClientHttp2Session } from 'node:http2';
import { connect as connectHttp2 } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { handlesOf, residentMiB } from '../gauges';
import { httpClient, newAgent, Tally } from '../clients';
import { Load } from '../load';
import { quantiles, type Report } from '../report';
import { checkResults } from '../results';
import { Rig } from '../rig';
import type { Extreme } from './scenario';

const HTTP_CONNECTIONS = 10_000;
const GRPC_CONNECTIONS = 2_000;
/** For everything that is not one of these connections. */
const SPARE_HANDLES = 2_000;
const AT_ONCE = 100;
const SETTLE_MS = 3_000;
const BODIES = 100;
/** What a connection may cost the gateway, so that a mistake shows. */
const MOST_KIB = { http: 64, grpc: 256 };

/** Connections that send nothing, while others go on as ever. */
export const idleConnections: Extreme = {
  name: 'idle-connections',
  about: '10,000 idle HTTP and 2,000 idle gRPC connections at the gateway',
  run: async (report, share) => {
    raiseHandleLimit(share);
    await Rig.with({}, async (rig) => {
      const gateway = rig.service('gateway');
      const { pid } = gateway.child;
      const load = new Load({ users: 100, categories: 10 });
      const agent = newAgent();
      const tally = new Tally();
      const client = httpClient(gateway.http, rig.platform.stream, tally, agent);
      const serve = async (when: string): Promise<void> => {
        tally.waits.length = 0;
        for (let i = 0; i < BODIES * share; i += 1) await client.publish(load.body(10));
        report.figure(`acknowledged ${when}`, quantiles(tally.waits));
      };
      await serve('before');

      const http = await openMany(report, 'HTTP', Math.round(HTTP_CONNECTIONS * share), MOST_KIB.http, pid, () =>
        openHttp(gateway.http),
      );
      await serve('with idle HTTP connections');
      const grpc = await openMany(report, 'gRPC', Math.round(GRPC_CONNECTIONS * share), MOST_KIB.grpc, pid, () =>
        openGrpc(rig.grpc('gateway')),
      );
      await serve('with idle gRPC connections as well');
      for (const socket of http) socket.destroy();
      for (const session of grpc) session.destroy();
      await sleep(SETTLE_MS);
      report.figure('after they have gone', `${residentMiB(pid).toFixed(0)} MiB, ${handlesOf(pid)} handles`);
      report.check('their handles are given back', handlesOf(pid) < 200, String(handlesOf(pid)));
      await checkResults(rig, load, report);
      agent.destroy();
    });
  },
};

async function openMany<Connection>(
  report: Report,
  name: string,
  count: number,
  mostKiB: number,
  pid: number | undefined,
  open: () => Promise<Connection>,
): Promise<readonly Connection[]> {
  const before = { mib: residentMiB(pid), handles: handlesOf(pid) };
  const opened: Connection[] = [];
  while (opened.length < count) {
    const some = Math.min(AT_ONCE, count - opened.length);
    opened.push(...(await Promise.all(Array.from({ length: some }, open))));
  }
  await sleep(SETTLE_MS);
  const kib = ((residentMiB(pid) - before.mib) * 1_024) / count;
  const held = handlesOf(pid) - before.handles;
  report.figure(
    `${count} ${name} connections`,
    `${kib.toFixed(1)} KiB each, gateway at ${residentMiB(pid).toFixed(0)} MiB`,
  );
  report.check(`the gateway holds all of them`, held >= count * 0.99, `${held} more handles`);
  report.check(`a ${name} connection costs at most ${mostKiB} KiB`, kib <= mostKiB, kib.toFixed(1));
  return opened;
}

/** A connection that has been of use once and is kept. */
function openHttp(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(port, '127.0.0.1', () => socket.write('GET /healthz HTTP/1.1\r\nhost: gateway\r\n\r\n'));
    socket.once('data', () => resolve(socket));
    socket.once('error', reject);
  });
}

function openGrpc(port: number): Promise<ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    session.once('remoteSettings', () => resolve(session));
    session.once('error', reject);
  });
}

/** As many handles as connections need: for this process, and for those that it starts from now on. @throws Error where not allowed */
function raiseHandleLimit(share: number): void {
  const needed = Math.round((HTTP_CONNECTIONS + GRPC_CONNECTIONS) * share) + SPARE_HANDLES;
  const [, soft, hard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
  if (Number(soft) >= needed) return;
  const limit = `--nofile=${Math.min(needed, Number(hard))}:${hard}`;
  execFileSync('prlimit', ['--pid', String(process.pid), limit], { stdio: ['ignore', 'ignore', 'inherit'] });
  if (Number(hard) < needed) {
    throw new Error(`a process may open ${hard} files here, ${needed} are needed: ask for less with --share`);
  }
}
