import { lakeBelow, sinkProblem } from '@tillstream/contracts';
import { addressOf, SinkRefusedError, type SinkKind } from '@tillstream/engine';

import { openObjectStore } from '../store/open-object-store';
import { accessOf } from '../store/store-access';
import { LakeSink } from './lake-sink';
import { lakeSettings } from './lake-settings';

/** Parquet files in a directory or a bucket, as Delta tables. */
export const lakeSinkType: SinkKind = {
  type: 'lake',
  open: (sink, definition, environment) => {
    const read = lakeSettings(sink, definition);
    if (!read.ok) return read;
    const where = addressOf(sink, environment);
    if (where === null) {
      const variable = `TILLSTREAM_SINK_${sink.name.toUpperCase().replaceAll('-', '_')}_WHERE`;
      const message = `says nowhere to keep the lake: give \`where\` a directory or s3://bucket/prefix, or set ${variable}`;
      return { ok: false, problems: [sinkProblem(sink, ['where'], message)] };
    }
    try {
      const store = openObjectStore(lakeBelow(where, definition), accessOf(environment.variables));
      return { ok: true, sink: new LakeSink(definition, read.settings, store, environment) };
    } catch (error) {
      if (!(error instanceof SinkRefusedError)) throw error;
      return { ok: false, problems: [sinkProblem(sink, ['where'], error.message)] };
    }
  },
};
