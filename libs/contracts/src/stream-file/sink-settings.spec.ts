import { z } from 'zod';
import type { SinkDefinition } from './sink-definition';
import { bytesSetting, durationSetting, readSinkSettings, sinkProblem } from './sink-settings';

const SETTINGS = z.strictObject({
  prefix: z.string().default('shop'),
  flush: z
    .strictObject({ every: durationSetting(1, 60_000).prefault('1s'), bytes: bytesSetting(1, 1024 ** 3).optional() })
    .prefault({}),
});

function sinkWith(settings: SinkDefinition['settings'], places: Readonly<Record<string, number>> = {}): SinkDefinition {
  return {
    name: 'search',
    type: 'opensearch',
    feeds: [],
    where: null,
    settings,
    places: new Map(Object.entries(places).map(([path, line]) => [path, { line, column: 5 }])),
  };
}

describe('readSinkSettings', () => {
  it('gives spans in milliseconds and amounts in bytes, and what the file leaves out as usual', () => {
    expect(readSinkSettings(sinkWith({ flush: { bytes: '5MiB' } }), SETTINGS)).toEqual({
      ok: true,
      settings: { prefix: 'shop', flush: { every: 1_000, bytes: 5 * 1024 ** 2 } },
    });
  });

  it('names everything that is wrong, at its line', () => {
    const sink = sinkWith(
      { prefx: 'x', flush: { every: '2h', evry: 1, bytes: 'many' } },
      { '': 3, prefx: 4, 'flush.every': 6, 'flush.evry': 7, 'flush.bytes': 8 },
    );
    const read = readSinkSettings(sink, SETTINGS);
    const said = read.ok ? [] : read.problems.map(({ line, path, message }) => `${line} ${path}: ${message}`);
    expect(said.sort()).toEqual([
      '4 sinks.search.prefx: unknown key: did you mean prefix?',
      '6 sinks.search.flush.every: must be from 1 to 60000 ms',
      '7 sinks.search.flush.evry: unknown key: did you mean every?',
      '8 sinks.search.flush.bytes: must be an amount such as 512KiB, 5MiB or 1GiB',
    ]);
  });

  it('is no number nor text where a span or an amount is meant', () => {
    for (const [every, bytes] of [
      [5, '5MB'],
      ['5', -1],
      [null, 1.5],
      ['1 s', ''],
    ] as const) {
      const read = readSinkSettings(sinkWith({ flush: { every, bytes } }), SETTINGS);
      expect(read.ok ? [] : read.problems.map(({ path }) => path)).toHaveLength(2);
    }
  });
});

describe('sinkProblem', () => {
  it('stands at what holds a setting that is missing, and for the lake in its own section', () => {
    const { places } = sinkWith({}, { '': 3, flush: 5 });
    expect(sinkProblem({ name: 'search', type: 'webhook', places }, ['flush', 'every'], 'is missing')).toEqual({
      ...{ line: 5, column: 5, path: 'sinks.search.flush.every', message: 'is missing' },
    });
    expect(sinkProblem({ name: 'lake', type: 'lake', places }, ['roll'], 'no')).toMatchObject({
      line: 3,
      path: 'lake.roll',
    });
  });
});
