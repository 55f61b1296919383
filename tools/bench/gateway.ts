import { withOwnServers } from '../rig/own-servers';
import { cpuSecondsOf, peakBytesOf } from '../rig/process-figures';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import type { EventFile } from './events';
import { overGrpc, overGrpcStream, overHttp } from './gateway-senders';
import type { Send, Target } from './gateway-senders';
import { cpuPerMillion } from './measure';
import { Platform } from '../e2e/platform';

const BODY_EVENTS = 1_000;
/** Of the events, so many are sent one a request. */
const SINGLES_SHARE = 0.1;
const ROUNDS = 4;
const FLOOR_EVENTS = 50_000;

interface Form {
  readonly name: string;
  readonly eventsEach: number;
  readonly send: Send;
}

const FORMS: readonly Form[] = [
  { name: 'HTTP, 1,000 events a body', eventsEach: BODY_EVENTS, send: overHttp(8) },
  { name: 'HTTP, one event a request, 256 connections', eventsEach: 1, send: overHttp(256) },
  { name: 'gRPC `Publish`, 1,000 events a payload', eventsEach: BODY_EVENTS, send: overGrpc(8) },
  { name: 'gRPC `Publish`, one event a payload, 64 at a time', eventsEach: 1, send: overGrpc(64) },
  { name: 'gRPC `PublishStream`, 1,000 events a payload', eventsEach: BODY_EVENTS, send: overGrpcStream(4) },
  { name: 'gRPC `PublishStream`, one event a payload, 8 streams', eventsEach: 1, send: overGrpcStream(8) },
];

/** What taking events in costs the gateway alone, in each form they come in: a real process on a broker of its own. */
export async function measureGateway({ partEvents, say }: BenchContext): Promise<string> {
  const events = await partEvents();
  return withOwnServers(async () => {
    const platform = new Platform();
    try {
      await platform.createTopics();
      const gateway = await platform.start('gateway');
      await platform.ready(gateway);
      const pid = gateway.child.pid ?? 0;
      const target = { stream: platform.stream, http: gateway.http, grpc: gateway.grpc ?? 0 };
      const rows: string[][] = [];
      for (const form of FORMS) {
        say(`sending to the gateway: ${form.name}`);
        const { cpu, floor } = await costOf(form, target, pid, events);
        const requests = Math.round(1e6 / (cpu * form.eventsEach));
        rows.push([form.name, cpu.toFixed(2), (cpu / floor).toFixed(2), String(requests)]);
      }
      const peakMiB = peakBytesOf(pid) / 2 ** 20;
      return [
        `The gateway alone, ${events.length} events (a tenth of them one a request), best of ${ROUNDS} rounds after one to warm up; ` +
          `its memory has peaked at ${peakMiB.toFixed(0)} MiB:`,
        '',
        ...table(['form', 'CPU-s per million events', 'times `JSON.parse`', 'requests per CPU-second'], rows),
      ].join('\n');
    } finally {
      await platform.stop();
    }
  });
}

/** CPU-µs of the whole process per event, and of `JSON.parse` of the same events in this one, measured in turns. */
async function costOf(
  { eventsEach, send }: Form,
  target: Target,
  pid: number,
  events: EventFile,
): Promise<{ readonly cpu: number; readonly floor: number }> {
  const count = eventsEach === 1 ? Math.floor(events.length * SINGLES_SHARE) : events.length;
  const bodies = bodiesOf(events, count, eventsEach);
  const texts = Array.from({ length: Math.min(count, FLOOR_EVENTS) }, (_, i) => events.at(i));
  const decoder = new TextDecoder();
  let [cpu, floor] = [Infinity, Infinity];
  for (let round = 0; round <= ROUNDS; round += 1) {
    const before = cpuSecondsOf(pid);
    await send(target, bodies, eventsEach);
    const spent = ((cpuSecondsOf(pid) - before) / (bodies.length * eventsEach)) * 1e6;
    const parse = cpuPerMillion(texts.length, () =>
      texts.forEach((text) => JSON.parse(decoder.decode(text)) as unknown),
    );
    if (round === 0) continue;
    cpu = Math.min(cpu, spent);
    floor = Math.min(floor, parse);
  }
  return { cpu, floor };
}

/** Whole bodies only: an object each, or an array. */
function bodiesOf(events: EventFile, count: number, eventsEach: number): Uint8Array[] {
  return Array.from({ length: Math.floor(count / eventsEach) }, (_, body) => {
    if (eventsEach === 1) return events.at(body);
    const some = Array.from({ length: eventsEach }, (_unused, i) => events.at(body * eventsEach + i).toString());
    return Buffer.from(`[${some.join()}]`);
  });
}
