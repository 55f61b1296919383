import { setTimeout as sleep } from 'node:timers/promises';
import { Platform, SERVICES } from '../e2e/platform';
import { commerceText } from '../oracle/three-metrics';
import { withOwnServers } from '../rig/own-servers';
import { cpuSecondsOf, residentBytesOf } from '../rig/process-figures';
import { table } from '../rig/table';
import type { BenchContext } from './context';
import { pidOf } from './line';

/** What has been going on ends, and what is done once is done, before the clock runs. */
const SETTLE_MS = 20_000;

/** What the platform costs while nobody sends anything, with all that ships. */
export function measureIdle({ seconds, say }: BenchContext): Promise<string> {
  return withOwnServers(async ({ broker, store: redis }) => {
    const platform = new Platform(commerceText);
    try {
      await platform.createTopics();
      const services = await Promise.all(SERVICES.map((service) => platform.start(service)));
      await platform.allReady();
      say(`waiting ${SETTLE_MS / 1000} s, then watching idle processes for ${seconds} s`);
      await sleep(SETTLE_MS);
      const processes = [
        ...services.map((service) => ({ name: service.service, pid: pidOf(service), ours: true })),
        { name: 'broker', pid: broker.pid, ours: false },
        { name: 'Redis', pid: redis.pid, ours: false },
      ];
      const before = processes.map(({ pid }) => cpuSecondsOf(pid));
      const startedMs = performance.now();
      await sleep(seconds * 1000);
      const elapsed = (performance.now() - startedMs) / 1000;
      const figures = processes.map(({ name, pid, ours }, index) => ({
        name,
        ours,
        share: ((cpuSecondsOf(pid) - (before[index] ?? 0)) / elapsed) * 100,
        mebibytes: residentBytesOf(pid) / 2 ** 20,
      }));
      const together = figures.filter(({ ours }) => ours);
      const sum = (figure: 'share' | 'mebibytes') => together.reduce((total, one) => total + one[figure], 0);
      const row = (name: string, share: number, mebibytes: number) => [name, share.toFixed(2), mebibytes.toFixed(0)];
      return [
        `Nothing is sent, ${seconds} s long:`,
        '',
        ...table(
          ['process', '% of a core', 'MiB'],
          [
            ...together.map(({ name, share, mebibytes }) => row(name, share, mebibytes)),
            row('our processes together', sum('share'), sum('mebibytes')),
            ...figures.filter(({ ours }) => !ours).map(({ name, share, mebibytes }) => row(name, share, mebibytes)),
          ],
        ),
      ].join('\n');
    } finally {
      await platform.stop();
    }
  });
}
