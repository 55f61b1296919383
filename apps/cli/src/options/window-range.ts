import { streamsOf, type StreamDefinition } from '@tillstream/contracts';
import type { MetricDefinition } from '@tillstream/core';
import { CliError } from '../cli-context';

/** Windows that begin in [fromMs, toMs). */
export interface WindowSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The windows that `--from` and `--to` mean; without them, all. @throws CliError when there can be none */
export function windowSpan({ from, to }: { readonly from?: number; readonly to?: number }): WindowSpan {
  const span = { fromMs: from ?? -Infinity, toMs: to ?? Infinity };
  if (span.fromMs >= span.toMs)
    throw new CliError('--from must be before --to', 'Windows that begin at --to are left out.');
  return span;
}

/** A span in words. */
export function spanText({ fromMs, toMs }: WindowSpan): string {
  if (fromMs === -Infinity && toMs === Infinity) return 'all windows';
  const from = fromMs === -Infinity ? '' : ` from ${instant(fromMs)}`;
  const to = toMs === Infinity ? '' : ` before ${instant(toMs)}`;
  return `windows that begin${from}${from && to ? ' and' : ''}${to}`;
}

/** The metrics named of some, in their order; all when none is. @throws CliError that names those there are */
export function metricsNamed(
  { schema }: StreamDefinition,
  metrics: readonly MetricDefinition[],
  names: readonly string[],
): readonly MetricDefinition[] {
  const unknown = names.filter((name) => !metrics.some((metric) => metric.name === name));
  if (unknown.length > 0) {
    throw new CliError(
      `stream ${schema.stream} has no metric ${unknown.join(', ')}`,
      `It has ${metrics.map(({ name }) => name).join(', ')}.`,
    );
  }
  return names.length === 0 ? metrics : metrics.filter(({ name }) => names.includes(name));
}

/** Every metric of a stream file, whatever it is computed over. */
export function allMetrics(definition: StreamDefinition): readonly MetricDefinition[] {
  return streamsOf(definition).flatMap(({ metrics }) => metrics);
}

/** Collects an option that may be given several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** An instant as it is shown. */
export const instant = (epochMs: number): string => new Date(epochMs).toISOString();
