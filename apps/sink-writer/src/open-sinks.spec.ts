import { ConfigError } from '@tillstream/config';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import type { SinkKind } from '@tillstream/engine';
import { ImmediateTurn, MemorySink, MemorySinkData, aSinkEnvironment } from '@tillstream/engine/testing';
import { openSinks } from './open-sinks';

const FILE = `${smallStreamFile()}lake: {where: /data/lake}
sinks:
  search: {type: opensearch, what: [finals], where: 'http://127.0.0.1:9200'}
  shop-hook: {type: webhook, what: [sessions]}
`.replace('[sessions]', '[finals]');

/** Takes every declaration, and tells what it was given. */
function takingKind(type: SinkKind['type'], seen: string[] = []): SinkKind {
  return {
    type,
    open: (sink, _definition, { variables }) => {
      seen.push(`${sink.name} ${JSON.stringify(variables)}`);
      const options = { knowsPosition: true };
      return { ok: true, sink: new MemorySink(new MemorySinkData(), new ImmediateTurn(() => 0), options) };
    },
  };
}

describe('openSinks', () => {
  const { variables: _none, ...world } = aSinkEnvironment();
  const definitions = [definitionFrom(FILE, 'shop.yaml')];

  it('opens every sink of every file, each with the variables of its name', () => {
    const seen: string[] = [];
    const kinds = (['lake', 'opensearch', 'webhook'] as const).map((type) => takingKind(type, seen));
    const environment = { TILLSTREAM_SINK_SHOP_HOOK_SECRET: 'x', TILLSTREAM_SINK_LAKE_WHERE: '/other' };
    const sinks = openSinks(definitions, kinds, environment, world);
    expect(sinks.map(({ sink }) => sink.definition.name)).toEqual(['lake', 'search', 'shop-hook']);
    expect(seen).toEqual(['lake {"WHERE":"/other"}', 'search {}', 'shop-hook {"SECRET":"x"}']);
  });

  it('names everything that is wrong with any of them at once, at its place', () => {
    const broken: SinkKind = {
      type: 'opensearch',
      open: () => ({
        ok: false,
        problems: [{ line: 30, column: 3, path: 'sinks.search', message: 'is not like that' }],
      }),
    };
    expect(() => openSinks(definitions, [takingKind('lake'), broken], {}, world)).toThrow(ConfigError);
    expect(() => openSinks(definitions, [takingKind('lake'), broken], {}, world)).toThrow(
      /shop\.yaml:30:3: sinks\.search: is not like that[^]*shop\.yaml:\d+:\d+: .*webhook is no kind of sink/,
    );
  });
});
