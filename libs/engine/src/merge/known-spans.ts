import type { MetricSpan } from '@tillstream/core';

/** Which windows of a metric a source has whole, as far as it was ever said. */
export class KnownSpans {
  private readonly bySource = new Map<number, Map<string, MetricSpan>>();

  /** @param entries as `entries` gives them */
  constructor(entries: Iterable<readonly [source: number, identity: string, span: MetricSpan]> = []) {
    for (const [source, identity, span] of entries) this.set(source, identity, span);
  }

  get(source: number, identity: string): MetricSpan | undefined {
    return this.bySource.get(source)?.get(identity);
  }

  /** False: nothing has changed. */
  set(source: number, identity: string, { fromMs, untilMs }: MetricSpan): boolean {
    let spans = this.bySource.get(source);
    if (!spans) {
      spans = new Map();
      this.bySource.set(source, spans);
    }
    const known = spans.get(identity);
    if (known?.fromMs === fromMs && known.untilMs === untilMs) return false;
    spans.set(identity, { fromMs, untilMs });
    return true;
  }

  *entries(): Generator<readonly [source: number, identity: string, span: MetricSpan]> {
    for (const [source, spans] of this.bySource) for (const [identity, span] of spans) yield [source, identity, span];
  }
}
