import type { RecordHeaders } from '../ports/log';
import type { BatchTracer } from '../ports/telemetry';
import { silentTelemetry } from '../ports/telemetry';
import { Behalf } from './behalf';

const context = (id: number): RecordHeaders => ({ traceparent: Uint8Array.of(id) });
const BATCH = context(1);
const WINDOW = context(2);
const FED_BY = [context(3), context(4)];
const INFO = { metric: 'revenue', topic: 't', partition: 0, startMs: 0, endMs: 1 };

describe('on whose behalf a task says something', () => {
  let told: RecordHeaders[][];
  const tracer = (headers: RecordHeaders): BatchTracer => ({
    ...silentTelemetry.tracer,
    closed: (_info, fedBy) => {
      told.push([...fedBy]);
      return headers;
    },
  });
  beforeEach(() => (told = []));

  it('is that of what fed a window which has closed', () => {
    const behalf = new Behalf(tracer(WINDOW));
    behalf.of(BATCH);
    expect(behalf.ofClosed(INFO, () => FED_BY)).toBe(WINDOW);
    expect(told).toEqual([FED_BY]);
    expect(behalf.headers).toBe(BATCH);
  });

  it('is that of the newest batch where nothing traced has fed the window, or nobody traces', () => {
    const behalf = new Behalf(tracer({}));
    behalf.of(BATCH);
    expect(behalf.ofClosed(INFO, () => [])).toBe(BATCH);
    expect(told).toEqual([]);
    expect(behalf.ofClosed(INFO, () => FED_BY)).toBe(BATCH);
  });

  it('is told of so many windows of a batch, and of the next one’s again', () => {
    const behalf = new Behalf(tracer(WINDOW));
    const close = (): RecordHeaders[] => Array.from({ length: 100 }, () => behalf.ofClosed(INFO, () => FED_BY));
    for (const batch of [BATCH, context(5)]) {
      behalf.of(batch);
      const headers = close();
      expect(headers.filter((one) => one === WINDOW)).toHaveLength(64);
      expect(headers.slice(64).every((one) => one === batch)).toBe(true);
    }
    expect(told).toHaveLength(128);
  });
});
