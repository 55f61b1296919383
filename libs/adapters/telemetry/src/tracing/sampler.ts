import type { Attributes, Context, Link, SpanKind } from '@opentelemetry/api';
import { createContextKey, SamplingDecision } from '@opentelemetry/api';
import type * as SdkTrace from '@opentelemetry/sdk-trace';
import type { Sampler, SamplingResult } from '@opentelemetry/sdk-trace';

/** Why a span is told that was not sampled: `error` or `slow`. */
export const KEPT = 'tillstream.kept';

/** Set in the context of a span that has been drawn already: it is sampled. */
export const DRAWN = createContextKey('tillstream drawn');

type Samplers = Pick<
  typeof SdkTrace,
  'AlwaysOnSampler' | 'AlwaysOffSampler' | 'ParentBasedSampler' | 'TraceIdRatioBasedSampler'
>;

/**
 * Samples as `sampler` does, and whatever is told afterwards because it was wrong or slow.
 *
 * Whether a batch was is known when it ends, and to record every batch until then costs more than to sample one in a hundred:
 * so a batch that is not sampled leaves nothing, and is told anew by `keepSpan` if it turns out to be worth it.
 */
export class KeepingSampler implements Sampler {
  constructor(private readonly sampler: Sampler) {}

  shouldSample(
    context: Context,
    traceId: string,
    name: string,
    kind: SpanKind,
    attributes: Attributes,
    links: Link[],
  ): SamplingResult {
    if (attributes[KEPT] !== undefined || context.getValue(DRAWN) === true)
      return { decision: SamplingDecision.RECORD_AND_SAMPLED };
    return this.sampler.shouldSample(context, traceId, name, kind, attributes, links);
  }

  toString(): string {
    return `Keeping{${this.sampler.toString()}}`;
  }
}

/** How spans are chosen. */
export interface Sampling {
  readonly sampler: Sampler;
  /** As `sampler` would of one that belongs to no trace, before there is anything of it. */
  readonly draw: () => boolean;
  readonly isParentBased: boolean;
}

/**
 * The sampler that the standard variables name.
 *
 * @throws Error that names the variable and what it may be
 */
export function samplerOf(
  name: string,
  ratio: string,
  { AlwaysOnSampler, AlwaysOffSampler, ParentBasedSampler, TraceIdRatioBasedSampler }: Samplers,
): Sampling {
  const [, parentBased, root] = /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(name) ?? [];
  const share = Number(ratio);
  if (root === undefined) {
    throw new Error(
      `OTEL_TRACES_SAMPLER is ${JSON.stringify(name)}; it may be always_on, always_off, traceidratio, or one of these with ` +
        'parentbased_ before it',
    );
  }
  if (root === 'traceidratio' && !(ratio.trim() !== '' && share >= 0 && share <= 1)) {
    throw new Error(`OTEL_TRACES_SAMPLER_ARG is ${JSON.stringify(ratio)}; it must be the share to sample, from 0 to 1`);
  }
  const isParentBased = parentBased !== undefined;
  const [chosen, draw] =
    root === 'always_on'
      ? [new AlwaysOnSampler(), () => true]
      : root === 'always_off'
        ? [new AlwaysOffSampler(), () => false]
        : [new TraceIdRatioBasedSampler(share), () => Math.random() < share];
  return { sampler: isParentBased ? new ParentBasedSampler({ root: chosen }) : chosen, draw, isParentBased };
}
