/** One number of a service's metrics. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Numbers of one service at one time. */
export class Samples {
  constructor(readonly all: readonly Sample[]) {}

  /** Those of one name. */
  of(name: string): readonly Sample[] {
    return this.all.filter((sample) => sample.name === name);
  }

  /** The sum over all labels, or over those that a label has this value of; 0: there is none. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels);
    return this.of(name)
      .filter((sample) => wanted.every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  /** The largest of a name; 0: there is none. */
  max(name: string): number {
    return Math.max(0, ...this.of(name).map(({ value }) => value));
  }
}

/** Reads Prometheus' text format: https://prometheus.io/docs/instrumenting/exposition_formats/. Lines of another form are left out. */
export function parseSamples(text: string): Samples {
  const all: Sample[] = [];
  for (const line of text.split('\n')) {
    const [, name, labels = '', value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line) ?? [];
    if (name === undefined) continue;
    const pairs = [...labels.matchAll(/([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g)];
    all.push({
      name,
      labels: Object.fromEntries(pairs.map(([, label = '', text = '']): [string, string] => [label, unescaped(text)])),
      value: Number(value),
    });
  }
  return new Samples(all);
}

const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_: string, one: string) => (one === 'n' ? '\n' : one));
