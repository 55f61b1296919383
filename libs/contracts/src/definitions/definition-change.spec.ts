import { definitionFrom } from '../testing';
import { changeOf, isNoChange } from './definition-change';

const TEXT = `stream: shop
partitions: 2
key: [user]
id: { field: id, dedupe: { within: 10m, maxRows: 1000 } }
eventTime: { field: at, outOfOrderness: 1s }
money: { currency: EUR }
retention: { raw: 7d, metrics: 1d }
fields:
  at: { type: timestamp }
  user: { type: string }
  id: { type: string }
  price: { type: money, optional: true }
  kind: { type: string, values: [view, buy], aliases: { v: view } }
metrics:
  orders:
    groupBy: [kind]
    window: { size: 1m }
    measures:
      total: sum(price)
      rows: count()
  buyers:
    window: { size: 1h }
    measures:
      users: distinct(user)
`;
const from = definitionFrom(TEXT);
const changed = (piece: string, by: string): ReturnType<typeof changeOf> => {
  expect(TEXT).toContain(piece);
  return changeOf(from, definitionFrom(TEXT.replace(piece, by)));
};
const names = (metrics: readonly { readonly name: string }[]): string[] => metrics.map(({ name }) => name);

describe('the change from one stream file to another', () => {
  it('is none when only the writing differs', () => {
    expect(isNoChange(changed('sum(price)', 'sum( price )  # in euros'))).toBe(true);
    expect(isNoChange(changed('values: [view, buy]', 'values: [buy, view]'))).toBe(true);
  });

  it('names new, changed and removed metrics', () => {
    const text = TEXT.replace('  buyers:', '  visitors:').replace('{ size: 1m }', '{ size: 2m }');
    const change = changeOf(from, definitionFrom(text));
    expect(isNoChange(change)).toBe(false);
    expect(change.problems).toEqual([]);
    expect(names(change.newMetrics)).toEqual(['visitors']);
    expect(names(change.removedMetrics)).toEqual(['buyers']);
    expect(change.changedMetrics).toMatchObject([{ from: { name: 'orders' }, parts: ['window'] }]);
    expect(change.unchangedMetrics).toEqual([]);
  });

  it.each([
    ['sum(price)', 'max(price)', ['measure total']],
    ['rows: count()', 'rows: count()\n      mean: avg(price)', ['new measure mean']],
    ['      total: sum(price)\n', '', ['no measure total']],
    ['groupBy: [kind]', 'groupBy: [kind]\n    having: rows > 1', ['having']],
    ['groupBy: [kind]', 'where: price > 1.00', ['where', 'groupBy']],
    [
      '      total: sum(price)\n      rows: count()',
      '      rows: count()\n      total: sum(price)',
      ['order of measures'],
    ],
  ])('says what is different when %j becomes %j', (piece, by, parts) => {
    expect(changed(piece, by).changedMetrics).toMatchObject([{ parts }]);
  });

  it('tells or compares a metric in another way without changing it', () => {
    const change = changed('groupBy: [kind]', 'groupBy: [kind]\n    emit: { every: 1s }');
    expect(change.retoldMetrics).toMatchObject([{ to: { name: 'orders' }, parts: ['emit'] }]);
    expect(changed('groupBy: [kind]', 'groupBy: [kind]\n    compare: [previous]').retoldMetrics).toMatchObject([
      { to: { name: 'orders' }, parts: ['compare'] },
    ]);
    expect(change.changedMetrics).toEqual([]);
    expect(isNoChange(change)).toBe(false);
  });

  it.each([
    ['futureTolerance', 'outOfOrderness: 1s', 'outOfOrderness: 1s, futureTolerance: 1m', '5m', '1m'],
    ['idleAfter', 'outOfOrderness: 1s', 'outOfOrderness: 1s, idleAfter: 30s', '10s', '30s'],
  ])('lets %s be another', (name, piece, by, was, is) => {
    expect(changed(piece, by)).toMatchObject({
      problems: [],
      newSettings: [{ name: `eventTime.${name}`, from: was, to: is }],
    });
  });

  describe('of what is derived from events', () => {
    const SESSIONS = 'sessions: { gap: 30m }\n';
    const VISITS = `${TEXT}  visits:
    from: sessions
    groupBy: [device]
    window: { size: 1h }
    measures: { visits: count() }
`;
    const withSessions = (text: string, sessions = SESSIONS) =>
      definitionFrom(text.replace('metrics:\n', `${sessions}metrics:\n`));

    it('names sections that are new, are declared in another way, or no more', () => {
      const [none, some] = [definitionFrom(TEXT), withSessions(TEXT)];
      const identity = some.sessions?.identity;
      expect(changeOf(none, some)).toMatchObject({
        problems: [],
        sections: [{ name: 'sessions', from: null, to: identity, parts: [] }],
      });
      expect(changeOf(some, none).sections).toMatchObject([{ name: 'sessions', from: identity, to: null }]);
      const other = withSessions(TEXT, 'sessions: { gap: 20m, maxDuration: 12h }\n');
      expect(changeOf(some, other).sections).toMatchObject([{ name: 'sessions', parts: ['gapMs', 'maxDurationMs'] }]);
      expect(isNoChange(changeOf(none, some))).toBe(false);
      expect(isNoChange(changeOf(some, withSessions(TEXT)))).toBe(true);
    });

    it('names metrics over it among the others', () => {
      const change = changeOf(definitionFrom(TEXT), withSessions(VISITS));
      expect(names(change.newMetrics)).toEqual(['visits']);
      expect(names(changeOf(withSessions(VISITS), definitionFrom(TEXT)).removedMetrics)).toEqual(['visits']);
    });

    it('says that metrics are others because what they are over is', () => {
      const other = withSessions(VISITS, 'sessions: { gap: 20m }\n');
      expect(changeOf(withSessions(VISITS), other).changedMetrics).toMatchObject([
        { from: { name: 'visits' }, parts: ['sessions'] },
      ]);
      const overEvents = VISITS.replace('    from: sessions\n', '').replace('[device]', '[kind]');
      expect(changeOf(withSessions(VISITS), withSessions(overEvents)).changedMetrics).toMatchObject([
        { from: { name: 'visits' }, parts: ['from', 'groupBy', 'outOfOrdernessMs'] },
      ]);
    });
  });

  it('lets topics keep their records for another time', () => {
    expect(changed('raw: 7d', 'raw: 8d')).toMatchObject({ problems: [], newRetention: ['rawMs'] });
  });

  it.each([
    ['  kind:', '  note: { type: string, optional: true }\n  kind:', ['note', 'kind']],
    ['metrics:\n', '  note: { type: string, optional: true }\nmetrics:\n', ['note']],
    ['metrics:\n', '  note: { type: string, default: none }\nmetrics:\n', ['note']],
  ])('takes fields that are new: %j becomes %j', (piece, by, all) => {
    const change = changed(piece, by);
    expect(change.problems.length === 0).toBe(piece === 'metrics:\n');
    if (change.problems.length === 0) expect(names(change.newFields)).toEqual(all);
  });

  it.each([
    ['partitions: 2', 'partitions: 3', '`partitions` is 2, not 3'],
    ['key: [user]', 'key: [user, id]', '`key` is user, not user, id'],
    ['within: 10m', 'within: 5m', '`id.dedupe.within` is 10m, not 5m'],
    ['currency: EUR', 'currency: USD', '`money` is EUR, not USD'],
    ['stream: shop', 'stream: store', '`stream` is shop, not store'],
    [
      '  price: { type: money, optional: true }\n',
      '  cost: { type: money, optional: true }\n',
      'field `price` is missing',
    ],
    ['  id: {', '  note: { type: string, optional: true }\n  id: {', 'field `id` is the 3rd and would be the 4th'],
    ['aliases: { v: view }', 'aliases: { w: view }', 'field `kind` is declared in another way'],
    ['price: { type: money, optional: true }', 'price: { type: money }', 'field `price` is declared in another way'],
    ['metrics:\n', '  note: { type: string }\nmetrics:\n', 'field `note` is new and not `optional: true`'],
  ])('refuses %j becoming %j', (piece, by, message) => {
    const text = TEXT.replace(piece, by);
    const to = definitionFrom(
      piece.includes('price: { type: money, optional: true }\n') ? text.replaceAll('sum(price)', 'sum(cost)') : text,
    );
    expect(changeOf(from, to).problems).toContainEqual(expect.stringContaining(message));
  });
});

describe('the change of sinks', () => {
  const withSinks = (sections: string) => definitionFrom(TEXT + sections);
  const SINKS =
    'sinks:\n  hook: { type: webhook, where: https://x, what: { finals: { metrics: [orders] } }, batch: 5 }\n';

  it('is none when only the writing differs, or what is said is usual', () => {
    const moved = SINKS.replace('sinks:', '\n# where it goes\nsinks:').replace('batch: 5 ', 'batch: 5, ');
    expect(isNoChange(changeOf(withSinks(SINKS), withSinks(moved)))).toBe(true);
    expect(isNoChange(changeOf(from, withSinks('lake: { partitionBy: [date] }\n')))).toBe(true);
  });

  it('names those that come, go and are declared in another way, with what is different', () => {
    expect(changeOf(from, withSinks(SINKS)).newSinks).toMatchObject([{ name: 'hook', from: null, parts: [] }]);
    expect(changeOf(withSinks(SINKS), from).newSinks).toMatchObject([{ name: 'hook', to: null, parts: [] }]);
    const other = SINKS.replace('https://x', 'https://y')
      .replace('[orders]', '[buyers]')
      .replace('batch: 5', 'size: 5');
    const change = changeOf(withSinks(SINKS), withSinks(`${other}lake: off\n`));
    expect(change.newSinks.map(({ name, parts }) => [name, ...parts])).toEqual([
      ['hook', 'where', 'finals', 'batch', 'size'],
      ['lake'],
    ]);
    expect(change.problems).toEqual([]);
    expect(isNoChange(change)).toBe(false);
  });
});
