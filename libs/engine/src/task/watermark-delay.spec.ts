import { silentTelemetry } from '../ports/telemetry';
import type { TaskLabels } from '../ports/telemetry';
import { WatermarkDelay } from './watermark-delay';

const LABELS = { stream: 'shop', topic: 'shop.enriched.v1', partition: 3 };
const lateness = new Map([
  ['revenue', 10_000],
  ['funnel', 60_000],
]);

function told() {
  const gauges = new Map<string, number>();
  const nameOf = ({ metric = '' }: TaskLabels): string => metric;
  const meter = {
    ...silentTelemetry.meter,
    gauge: (_gauge: string, labels: TaskLabels, value: number) => void gauges.set(nameOf(labels), value),
    forget: (labels: TaskLabels) => void gauges.delete(nameOf(labels)),
  };
  return { gauges, delay: new WatermarkDelay(meter, LABELS) };
}

describe('the delay of event time', () => {
  it('is that of the partition, and of each metric by what it waits longer', () => {
    const { gauges, delay } = told();
    delay.tell({ watermarkInputMs: 100_000, maxAppendMs: 105_000, lateness }, 0);
    expect(Object.fromEntries(gauges)).toEqual({ '': 5, revenue: 15, funnel: 65 });
  });

  it('is told of metrics once a second, of the partition always', () => {
    const { gauges, delay } = told();
    delay.tell({ watermarkInputMs: 0, maxAppendMs: 1_000, lateness }, 0);
    delay.tell({ watermarkInputMs: 0, maxAppendMs: 2_000, lateness }, 999);
    expect(Object.fromEntries(gauges)).toEqual({ '': 2, revenue: 11, funnel: 61 });
    delay.tell({ watermarkInputMs: 0, maxAppendMs: 2_000, lateness }, 1_000);
    expect(gauges.get('revenue')).toBe(12);
  });

  it('is not known before the first event, and forgotten with the partition', () => {
    const { gauges, delay } = told();
    delay.tell({ watermarkInputMs: -Infinity, maxAppendMs: 0, lateness }, 0);
    expect(gauges.size).toBe(0);
    delay.tell({ watermarkInputMs: 0, maxAppendMs: 0, lateness }, 0);
    delay.forget();
    expect([...gauges.keys()]).toEqual(['']);
  });
});
