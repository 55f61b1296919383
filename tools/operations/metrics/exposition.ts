/** A sample of Prometheus' text format. */
export interface Sample {
  /** Of a histogram without `_bucket`, `_sum` and `_count`. */
  readonly metric: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads what a service exposes; labels of every series (`service`) and of buckets (`le`, `quantile`) are left out. */
export function samplesOf(text: string): Sample[] {
  const histograms = new Set(
    [...text.matchAll(/^# TYPE (\S+) (?:histogram|summary)$/gm)].map(([, name]) => name ?? ''),
  );
  return text.split('\n').flatMap((line): Sample[] => {
    const [, name, labels = '', value] = /^([a-zA-Z_]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined) return [];
    const base = name.replace(/_(?:bucket|sum|count)$/, '');
    const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text = '']) => [label ?? '', text]);
    const own = pairs.filter(([label]) => !['service', 'le', 'quantile'].includes(label ?? ''));
    return [
      {
        metric: histograms.has(base) ? base : name,
        name,
        labels: Object.fromEntries(own) as Record<string, string>,
        value: Number(value),
      },
    ];
  });
}
