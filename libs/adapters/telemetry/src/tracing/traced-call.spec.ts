import { context, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { repeatedIds } from './repeated-ids';
import { KeepingSampler } from './sampler';
import { tracedCall } from './traced-call';

describe('a call to another service', () => {
  const exporter = new InMemorySpanExporter();

  function sampling(sampler: AlwaysOnSampler): void {
    trace.disable();
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    const provider = new TracerProvider({
      sampler: new KeepingSampler(sampler),
      idGenerator: repeatedIds,
      spanProcessors,
    });
    trace.setGlobalTracerProvider(provider);
  }

  beforeAll(() => void context.setGlobalContextManager(new StackContextManager().enable()));
  beforeEach(() => exporter.reset());
  afterAll(() => {
    trace.disable();
    context.disable();
  });

  it('carries its trace on when it is sampled', async () => {
    sampling(new AlwaysOnSampler());
    const headers = await tracedCall('POST gateway', (given) => Promise.resolve(given));
    const [span] = exporter.getFinishedSpans();
    const { traceId, spanId } = span!.spanContext();
    expect(span!.name).toBe('POST gateway');
    expect(headers).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
  });

  it('carries nothing on and tells nothing when it is not', async () => {
    sampling(new AlwaysOffSampler());
    expect(await tracedCall('POST gateway', (given) => Promise.resolve(given))).toEqual({});
    expect(exporter.getFinishedSpans()).toEqual([]);
  });

  it.each([
    ['sampled', new AlwaysOnSampler()],
    ['not sampled', new AlwaysOffSampler()],
  ])('is told when it fails: %s', async (_, sampler) => {
    sampling(sampler);
    await expect(tracedCall('POST gateway', () => Promise.reject(new Error('away')))).rejects.toThrow('away');
    expect(exporter.getFinishedSpans()).toMatchObject([{ name: 'POST gateway', status: { code: 2 } }]);
  });
});
