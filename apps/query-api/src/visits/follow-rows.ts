import type { StreamDefinition } from '@tillstream/contracts';
import { LogFollower, type FollowerOptions } from '../results/log-follower';
import type { RecentRow } from '../view/recent-rows';
import type { RowView } from '../view/row-view';

/** Where rows come from, how long they are kept, and where they go. */
export interface RowTopic<Row extends RecentRow> {
  readonly topic: string;
  readonly retentionMs: number;
  readonly view: RowView<Row>;
}

/** Keeps a view of rows up with their topic, which can be read without knowing anything else. */
export function followRows<Row extends RecentRow>(
  { schema, file }: StreamDefinition,
  { topic, retentionMs, view }: RowTopic<Row>,
  options: FollowerOptions,
): LogFollower {
  return new LogFollower(
    {
      ...{ stream: schema.stream, topic, file, retentionMs, view },
      prepare: () => Promise.resolve(),
      take: async (partition, records) => view.apply(partition, records),
    },
    options,
  );
}
