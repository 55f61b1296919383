import type { SinkDefinition } from '@tillstream/contracts';
import { aSink, aSinkEnvironment, sinkStream } from '@tillstream/engine/testing';

import { lakeSettings } from './lake-settings';
import { lakeSinkType } from './lake-sink-kind';

const definition = sinkStream();

function problemsOf(settings: SinkDefinition['settings']): string[] {
  const read = lakeSettings(aSink({ type: 'lake', where: '/lake', settings }), definition);
  return read.ok ? [] : read.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('the settings of a lake', () => {
  it('are those of a lake by date where a stream file says nothing', () => {
    const read = lakeSettings(aSink({ type: 'lake', where: '/lake' }), definition);
    expect(read).toMatchObject({
      ok: true,
      settings: {
        partitionField: null,
        roll: { every: 60_000, rows: 1_000_000, bytes: 64 * 1024 ** 2 },
        retention: null,
      },
    });
  });

  it.each([
    [{ partitionBy: ['category'] }, 'lake.partitionBy: must be [date] or [date, FIELD]'],
    [{ partitionBy: ['date', 'kind', 'user'] }, 'lake.partitionBy: must be [date] or [date, FIELD]'],
    [{ partitionBy: ['date', 'colour'] }, 'lake.partitionBy: there is no field colour'],
    [{ partitionBy: ['date', 'amount'] }, 'lake.partitionBy: amount is of the type money'],
    [{ roll: { evry: '1m' } }, 'lake.roll.evry: unknown key: did you mean every?'],
    [{ memory: '1MiB' }, 'lake.memory: must be from'],
    [{ retention: '5m' }, 'lake.retention: must be from'],
  ])('are refused at their place: %j', (settings, said) => {
    const problems = problemsOf(settings);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(said);
  });

  it('need a place for the lake, from the stream file or the environment', () => {
    const sink = aSink({ type: 'lake', where: null });
    const nowhere = lakeSinkType.open(sink, definition, aSinkEnvironment());
    expect(nowhere.ok ? [] : nowhere.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('set TILLSTREAM_SINK_LAKE_WHERE'),
    ]);
    expect(lakeSinkType.open(sink, definition, aSinkEnvironment({ WHERE: '/lake' })).ok).toBe(true);
    const elsewhere = lakeSinkType.open({ ...sink, where: 'ftp://host/lake' }, definition, aSinkEnvironment());
    expect(elsewhere.ok ? [] : elsewhere.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('Declare a directory (/data/lake) or a bucket (s3://bucket/prefix)'),
    ]);
  });
});
