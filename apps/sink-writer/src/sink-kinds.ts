import { consoleSinkKind } from '@tillstream/adapter-console';
import { lakeSinkType } from '@tillstream/adapter-lake';
import { openSearchSinkKind } from '@tillstream/adapter-opensearch';
import { postgresSinkKind } from '@tillstream/adapter-postgres';
import { webhookSinkKind } from '@tillstream/adapter-webhook';
import type { SinkKind } from '@tillstream/engine';

/** The kinds of stores that a stream's feeds can be brought to. A new one is an adapter, and a line here. */
export const SINK_KINDS: readonly SinkKind[] = [
  lakeSinkType,
  openSearchSinkKind,
  postgresSinkKind,
  webhookSinkKind,
  consoleSinkKind,
];
