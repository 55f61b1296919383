import { context, SpanKind, trace } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { repeatedIds } from './repeated-ids';
import { KeepingSampler } from './sampler';
import { withinSpan } from './work-span';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const causes = ['00f067aa0ba902b7', 'b7ad6b7169203331'].map((spanId) => ({ traceId: TRACE_ID, spanId, traceFlags: 1 }));

describe('work that a sampler leaves out whatever it comes of', () => {
  const exporter = new InMemorySpanExporter();

  beforeAll(() => {
    context.setGlobalContextManager(new StackContextManager().enable());
    const sampler = new KeepingSampler(new AlwaysOffSampler());
    const spanProcessors = [new SimpleSpanProcessor({ exporter })];
    trace.setGlobalTracerProvider(new TracerProvider({ sampler, idGenerator: repeatedIds, spanProcessors }));
  });
  afterAll(() => {
    trace.disable();
    context.disable();
  });

  it('names all that it comes of when it fails and is told', async () => {
    const work = { name: 'enrich', kind: SpanKind.CONSUMER, attributes: {}, causes };
    await expect(withinSpan(work, Infinity, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    const [span, ...others] = exporter.getFinishedSpans();
    expect(others).toEqual([]);
    expect(span!.links.map((link) => link.context.spanId)).toEqual(causes.map(({ spanId }) => spanId));
  });
});
