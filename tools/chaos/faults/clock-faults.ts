import type { Fault, ServiceName } from '../fault';

const TEN_MINUTES_MS = 600_000;
const SERVICES: readonly ServiceName[] = ['gateway', 'enricher', 'aggregator', 'query-api'];

const signed = (ms: number): string => `${ms < 0 ? '−' : '+'}10 minutes`;

export const clockFaults: readonly Fault[] = [
  {
    name: 'service-clock-stepped',
    weight: 2,
    strike: (stage, random) => {
      const slot = random.pick(stage.services.of(random.pick(SERVICES)));
      const byMs = random.pick([-TEN_MINUTES_MS, TEN_MINUTES_MS]);
      const ms = 2_000 + random.below(8_000);
      return stage.alone(slot.name, async () => {
        await slot.stepClock(byMs);
        await stage.sleep(ms);
        await slot.stepClock(0);
        return `clock of ${slot.name} stepped by ${signed(byMs)} for ${ms} ms`;
      });
    },
  },
  {
    name: 'client-clock-stepped',
    strike: (stage, random) => {
      const byMs = random.pick([-TEN_MINUTES_MS, TEN_MINUTES_MS]);
      const ms = 2_000 + random.below(6_000);
      return stage.alone('clients', async () => {
        stage.clients.stepClock(byMs);
        await stage.sleep(ms);
        stage.clients.stepClock(0);
        return `clock of a client stepped by ${signed(byMs)} for ${ms} ms`;
      });
    },
  },
];
