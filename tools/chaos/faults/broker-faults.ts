import { until } from '../../e2e/platform';
import type { Fault } from '../fault';
import { whyNoSmallDisk } from '../stage/small-disk';

const BROKER = 'broker';
const STOPPED_MS = 10_000;
const DIES_WITHIN_MS = 15_000;

export const BROKER_DISK_FULL = 'broker-disk-full';

export const brokerFaults: readonly Fault[] = [
  {
    name: 'broker-killed',
    weight: 2,
    strike: (stage, random) => {
      const downMs = random.pick([0, random.below(4_000)]);
      return stage.alone(BROKER, async () => {
        await stage.broker.kill();
        await stage.sleep(downMs);
        await stage.broker.restart();
        return `broker killed, started again after ${downMs} ms`;
      });
    },
  },
  {
    name: 'broker-restarted',
    strike: (stage) =>
      stage.alone(BROKER, async () => {
        await stage.broker.stop();
        await stage.broker.restart();
        return 'broker stopped in order, started again';
      }),
  },
  {
    name: 'broker-stopped',
    strike: (stage) =>
      stage.alone(BROKER, async () => {
        await stage.broker.pause();
        await stage.sleep(STOPPED_MS);
        await stage.broker.resume();
        return `broker stood still for ${STOPPED_MS / 1_000} s`;
      }),
  },
  {
    name: BROKER_DISK_FULL,
    unavailable: whyNoSmallDisk,
    strike: (stage, random) => {
      const fullMs = 1_000 + random.below(5_000);
      return stage.alone(BROKER, async () => {
        const { broker } = stage;
        if (broker.disk === null) return 'nothing: the broker has no disk of its own';
        await broker.disk.fill();
        const died = await until('the broker to give up', DIES_WITHIN_MS, () =>
          Promise.resolve(!broker.isRunning()),
        ).then(
          () => true,
          () => false,
        );
        await stage.sleep(fullMs);
        await broker.disk.grow();
        await broker.kill();
        await broker.restart();
        return `broker's disk full, ${died ? 'of which it died' : 'which it survived'}; grown, and the broker started again`;
      });
    },
  },
];
