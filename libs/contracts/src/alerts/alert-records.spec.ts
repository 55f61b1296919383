import type { HoppingMetric } from '@tillstream/core';
import { definitionFrom } from '../testing';
import type { ToldChange } from './alert-records';
import { decodeAlertRecord, encodeAlert, encodeAlertProgress } from './alert-records';

const [metric] = definitionFrom(`stream: small
partitions: 2
key: [user]
eventTime: {field: at, outOfOrderness: 2s}
money: {currency: USD}
retention: {metrics: 8d}
fields:
  at: {type: timestamp}
  user: {type: string}
  amount: {type: money}
metrics:
  sales:
    groupBy: [user]
    window: {size: 1m}
    measures: {total: sum(amount), mean: avg(amount), orders: count()}
    alert:
      when: robust_z(total, 1d, 7) > 3.0 || change(total, previous) > 100.00 || change(mean, '1h') > 5.0 || change(orders, previous) > 9
      severity: critical
`).metrics as HoppingMetric[];
const alert = metric!.alert!;
const MINUTE_MS = 60_000;
const START_MS = Date.UTC(2026, 0, 5, 12);
const opened: ToldChange = {
  kind: 'opened',
  group: '{"user":"a|b \\"group\\":null $& é"}',
  startMs: START_MS,
  sinceMs: START_MS - MINUTE_MS,
  openedMs: START_MS,
  numbers: [12_300, 41.5, 3],
  history: [3.25, 10_250, 12.5, NaN],
  measures: { total: '123.00', mean: '0.415000', orders: 3 },
};
const text = (bytes: Uint8Array | null): string => new TextDecoder().decode(bytes ?? undefined);

describe('records of alerts', () => {
  it('say what was opened by which window, and what was seen there', () => {
    const record = encodeAlert(metric!, alert, opened, 2);
    expect(text(record.key)).toBe(`o|${alert.identity}|2026-01-05T12:00:00.000Z|${opened.group}`);
    expect(JSON.parse(text(record.value))).toEqual({
      alert: 'sales',
      definition: alert.identity.slice('sales@'.length),
      metric: metric!.identity,
      severity: 'critical',
      state: 'open',
      since: '2026-01-05T11:59:00.000Z',
      opened: '2026-01-05T12:00:00.000Z',
      window_start: '2026-01-05T12:00:00.000Z',
      window_end: '2026-01-05T12:01:00.000Z',
      group: { user: 'a|b "group":null $& é' },
      measures: opened.measures,
      // Amounts are text; averages of them are doubles in major units, as in expressions.
      history: {
        'robust_z(total, 1d, 7)': 3.25,
        'change(total, previous)': '102.50',
        'change(mean, 1h)': 0.125,
        'change(orders, previous)': null,
      },
    });
  });

  it('are read as they were written', () => {
    const { kind, group: groupKey, startMs, sinceMs, openedMs, measures } = opened;
    const record = encodeAlert(metric!, alert, opened, 2);
    expect(decodeAlertRecord(record)).toMatchObject({
      ...{ kind, groupKey, startMs, sinceMs, openedMs, measures, severity: 'critical' },
      identity: alert.identity,
      id: text(record.key).slice(2),
      metric: 'sales',
      endMs: START_MS + MINUTE_MS,
      group: JSON.parse(groupKey) as object,
    });
  });

  it('of one alert have one id, and keys of their own, so that compaction keeps both', () => {
    const resolved = {
      ...opened,
      kind: 'resolved',
      startMs: START_MS + MINUTE_MS,
      measures: null,
      history: null,
    } as const;
    const [first, second] = [opened, resolved].map((change) => encodeAlert(metric!, alert, change, 2));
    expect(text(first!.key)).not.toBe(text(second!.key));
    const id = (record: typeof first): unknown => (decodeAlertRecord(record!) as { readonly id: string }).id;
    expect(id(first)).toBe(id(second));
    expect(decodeAlertRecord(second!)).toMatchObject({ kind: 'resolved', measures: null, history: null });
  });

  it.each([
    { decidedMs: START_MS, readFrom: [5, 0], closedUntilMs: [START_MS + MINUTE_MS, -Infinity] },
    { decidedMs: -Infinity, readFrom: [], closedUntilMs: [] },
  ])('say how far windows are decided: %j', (progress) => {
    const record = encodeAlertProgress(alert, progress);
    expect(decodeAlertRecord(record)).toEqual({ kind: 'decided', identity: alert.identity, ...progress });
  });

  it.each([
    ['a tombstone', 'o|m@1|2026-01-05T12:00:00.000Z|{}', null],
    ['another key', 'hello', '{}'],
    ['no instants', 'o|m@1|2026-01-05T12:00:00.000Z|{}', '{"alert":"m","severity":"info","group":{}}'],
    ['no JSON', 'o|m@1|2026-01-05T12:00:00.000Z|{}', '{'],
    ['progress without offsets', 'w|m@1', '{"decided":null,"closed_until":[]}'],
    ['progress of places that are none', 'w|m@1', '{"decided":null,"read_from":[-1],"closed_until":[null]}'],
    ['progress until some day', 'w|m@1', '{"decided":"soon","read_from":[],"closed_until":[]}'],
  ])('are not understood: %s', (_, key, value) => {
    const record = { key: Buffer.from(key), value: value === null ? null : Buffer.from(value) };
    expect(decodeAlertRecord(record)).toEqual({ kind: 'unknown' });
  });
});
