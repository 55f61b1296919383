import { withOwnServers } from '../rig/own-servers';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import { eventsIn } from './events';
import { FORMS, runLine, without } from './line';
import type { Form, LineCosts, Process, Service } from './line';
import { median } from './measure';

/** The whole line, in each of the forms that events come in, in turns. */
export async function measureWholeLine({ lineEvents, repeat, say }: BenchContext): Promise<string> {
  const events = await lineEvents();
  const rounds = new Map<Form, LineCosts[]>(FORMS.map((form) => [form, []]));
  await withOwnServers(async (servers) => {
    for (let round = 1; round <= repeat; round += 1) {
      const told = repeat > 1 ? `, round ${round} of ${repeat}` : '';
      const costs = new Map<Form, LineCosts>();
      for (const form of FORMS) {
        say(`measuring the whole line on ${events.length} events, ${form}${told}`);
        costs.set(form, await runLine(servers, form, events));
      }
      // Last, because a broker that has just started takes longer for everything.
      say(`measuring what starting the services costs${told}`);
      const idle = await runLine(servers, 'batched', eventsIn(Buffer.alloc(0)));
      for (const [form, whole] of costs) rounds.get(form)?.push(without(idle, whole));
    }
  });
  return describe(rounds, events.length, repeat);
}

function describe(rounds: ReadonlyMap<Form, readonly LineCosts[]>, events: number, repeat: number): string {
  const row = (name: string, figure: (costs: LineCosts) => number, digits = 2, forms: readonly Form[] = FORMS) => [
    name,
    ...FORMS.map((form) => (forms.includes(form) ? median((rounds.get(form) ?? []).map(figure)).toFixed(digits) : '–')),
  ];
  const perMillion = (seconds: number): number => (seconds / events) * 1e6;
  const whole = (name: string, process: Process, forms?: readonly Form[]) =>
    row(name, ({ cpu }) => perMillion(cpu[process].user + cpu[process].system), 2, forms);
  const service = (process: Service, forms?: readonly Form[]) => [
    whole(process, process, forms),
    row('– of it in the kernel', ({ cpu }) => perMillion(cpu[process].system), 2, forms),
    row('– pauses for garbage', ({ gcSeconds }) => perMillion(gcSeconds[process]), 2, forms),
  ];
  const gatewayOnly = ['through the gateway'] as const;
  return [
    `The whole line, ${events} events, CPU-s per million events of each process` +
      `${repeat > 1 ? `, medians of ${repeat} rounds` : ''}; what starting and waiting cost is taken away:`,
    '',
    ...table(
      ['process', ...FORMS],
      [
        ...service('gateway', gatewayOnly),
        ...service('enricher'),
        ...service('aggregator'),
        whole('broker', 'broker'),
        whole('Redis', 'redis'),
        row('seconds until the last result', ({ wallSeconds }) => wallSeconds, 1),
        row('peak MiB of the gateway', ({ peakMiB }) => peakMiB.gateway, 0, gatewayOnly),
        row('peak MiB of the enricher', ({ peakMiB }) => peakMiB.enricher, 0),
        row('peak MiB of the aggregator', ({ peakMiB }) => peakMiB.aggregator, 0),
      ],
    ),
  ].join('\n');
}
