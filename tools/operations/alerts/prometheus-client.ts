/** One series of an answer: its labels, and its value now. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** An alert that waits for its time, or fires. */
export interface ActiveAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: 'pending' | 'firing';
}

/** Asks a Prometheus. */
export class PrometheusClient {
  constructor(private readonly address: string) {}

  /** @throws when the query is wrong */
  async query(expr: string): Promise<readonly Sample[]> {
    const { result } = await this.get<{
      result: readonly { metric: Record<string, string>; value: [number, string] }[];
    }>(`query?${new URLSearchParams({ query: expr }).toString()}`);
    return result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
  }

  async alerts(): Promise<readonly ActiveAlert[]> {
    const { alerts } = await this.get<{ alerts: readonly ActiveAlert[] }>('alerts');
    return alerts;
  }

  /** Names of the metrics that what is scraped says it has, with or without numbers. */
  async metricNames(): Promise<ReadonlySet<string>> {
    return new Set(Object.keys(await this.get<Record<string, unknown>>('metadata')));
  }

  private async get<T>(path: string): Promise<T> {
    const answer = await fetch(`${this.address}/api/v1/${path}`);
    const { status, data, error } = (await answer.json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(`${path}: ${error ?? status}`);
    return data;
  }
}
