import * as fc from 'fast-check';
import type { Expression } from '../expression/ast';
import type { AlertDefinition, HistoryValue, HoppingMetric } from '../metrics/definition';
import type { AlertChange, OpenAlert } from './alert-fold';
import { AlertFold } from './alert-fold';
import type { PlainChange, PlainFinal } from './testing/alert-oracle';
import { plainAlerts } from './testing/alert-oracle';

const HOP_MS = 1_000;
const WINDOWS = 14;
const GROUPS = ['{"g":"a"}', '{"g":"b"}', '{"g":null}'] as const;
const FIRST_MS = 50 * HOP_MS;

const field = (name: string): Expression => ({ kind: 'field', name, type: 'double' });
const above = (left: Expression, value: number): Expression => {
  const right: Expression = { kind: 'literal', value, type: 'int' };
  return { kind: 'compare', operator: '>', left, right, type: 'bool' };
};
const either = (left: Expression, right: Expression): Expression => ({
  kind: 'logic',
  operator: '||',
  left,
  right,
  type: 'bool',
});

function historyValue(kind: HistoryValue['kind'], measure: string, hops: number, count: number): HistoryValue {
  return { name: `${kind}(${measure}, ${hops}, ${count})`, kind, measure, lagMs: hops * HOP_MS, count };
}

const conditions: fc.Arbitrary<Pick<AlertDefinition, 'when' | 'history'>> = fc.oneof(
  fc.integer({ min: 1, max: 5 }).map((least) => ({ when: above(field('n'), least), history: [] })),
  fc
    .record({
      kind: fc.constantFrom('change' as const, 'change_percent' as const),
      measure: fc.constantFrom('n', 'total', 'mean'),
      hops: fc.integer({ min: 1, max: 4 }),
      least: fc.integer({ min: -50, max: 50 }),
    })
    .map(({ kind, measure, hops, least }) => {
      const value = historyValue(kind, measure, hops, 1);
      return { when: either(above(field(value.name), least), above(field('n'), 5)), history: [value] };
    }),
  fc.record({ hops: fc.integer({ min: 1, max: 2 }), count: fc.integer({ min: 3, max: 5 }) }).map(({ hops, count }) => {
    const value = historyValue('robust_z', 'total', hops, count);
    return { when: above(field(value.name), 1), history: [value] };
  }),
);

const alerts: fc.Arbitrary<AlertDefinition> = fc
  .tuple(conditions, fc.integer({ min: 1, max: 3 }))
  .map(([condition, forWindows]) => ({ ...condition, identity: 'm@a', forWindows, severity: 'info' }));

const metrics: fc.Arbitrary<HoppingMetric> = fc
  .record({ hops: fc.integer({ min: 1, max: 3 }), isFiltered: fc.boolean() })
  .map(({ hops, isFiltered }) => ({
    name: 'm',
    identity: 'm@1',
    where: null,
    groupBy: ['g'],
    window: { sizeMs: hops * HOP_MS, hopMs: HOP_MS },
    outOfOrdernessMs: 0,
    measures: [
      { name: 'n', kind: 'count', where: null },
      { name: 'total', kind: 'sum', field: 'x', fieldType: 'int', where: null },
      { name: 'mean', kind: 'avg', field: 'x', fieldType: 'int', where: null },
    ],
    having: isFiltered ? above(field('n'), 0) : null,
    emit: { everyMs: 250, maxPerSecond: 1_000 },
    local: false,
  }));

const finals: fc.Arbitrary<PlainFinal[]> = fc.uniqueArray(
  fc
    .record({
      window: fc.nat(WINDOWS - 1),
      group: fc.constantFrom(...GROUPS),
      n: fc.integer({ min: 1, max: 6 }),
      total: fc.option(fc.integer({ min: -20, max: 20 }), { freq: 6 }),
    })
    .map(({ window, group, n, total }) => ({
      startMs: FIRST_MS + window * HOP_MS,
      group,
      row: { n, total, mean: total === null ? null : total / n },
    })),
  { selector: ({ startMs, group }) => `${startMs} ${group}`, minLength: 1, maxLength: 3 * WINDOWS },
);

const numbersOf = ({ row }: PlainFinal): number[] => ['n', 'total', 'mean'].map((name) => row[name] ?? NaN);

const lineOf = ({ kind, group, sinceMs, openedMs, startMs }: PlainChange): string =>
  `${startMs} ${kind} ${group} since ${sinceMs} opened ${openedMs}`;

/** Whoever decides reads what the alerts topic holds: everything that was told up to the window it says was decided. */
function openAfter(decidedMs: number, told: readonly AlertChange[]): Map<string, OpenAlert> {
  const open = new Map<string, OpenAlert>();
  for (const change of told) {
    if (change.startMs > decidedMs) continue;
    if (change.kind === 'opened') open.set(change.group, change);
    else if (open.get(change.group)?.openedMs === change.openedMs) open.delete(change.group);
  }
  return open;
}

describe('alerts of a metric', () => {
  it('are what a plain reading of its finals says, however often whoever decides begins anew', () =>
    fc.assert(
      fc.property(
        metrics,
        alerts,
        finals,
        fc.array(fc.record({ by: fc.nat(4), restart: fc.boolean(), forgets: fc.nat(3) }), { maxLength: 12 }),
        (metric, alert, all, steps) => {
          const told: AlertChange[] = [];
          let fold = new AlertFold(metric, alert);
          let closedUntilMs = FIRST_MS;
          const read = (reader: AlertFold): void => {
            for (const final of all) {
              if (final.startMs + metric.window.sizeMs <= closedUntilMs + 2 * HOP_MS) {
                reader.add(final.startMs, final.group, numbersOf(final));
              }
            }
          };
          for (const { by, restart, forgets } of [...steps, { by: 2 * WINDOWS, restart: false, forgets: 0 }]) {
            if (restart) {
              // What was last told of may be older than what was decided: it is decided again.
              const decidedMs = Math.max(
                fold.decidedMs - forgets * HOP_MS,
                fold.decidedMs === -Infinity ? -Infinity : 0,
              );
              fold = new AlertFold(metric, alert, { decidedMs, open: openAfter(decidedMs, told) });
            }
            closedUntilMs += by * HOP_MS;
            read(fold);
            told.push(...fold.decide(closedUntilMs));
          }
          const lines = [...new Set(told.map(lineOf))].sort();
          expect(lines).toEqual(plainAlerts(metric, alert, all, closedUntilMs).map(lineOf).sort());
        },
      ),
      { numRuns: 3_000 },
    ));

  const metric = fc.sample(metrics, { numRuns: 1, seed: 1 })[0] as HoppingMetric;
  const often: AlertDefinition = {
    identity: 'm@a',
    when: above(field('n'), 2),
    history: [],
    forWindows: 2,
    severity: 'info',
  };
  const at = (window: number): number => FIRST_MS + window * HOP_MS;

  it('are opened by so many windows in a row, and resolved by one that has no such group', () => {
    const fold = new AlertFold(metric, often);
    for (const window of [0, 1, 2]) fold.add(at(window), 'g', [3, NaN, NaN]);
    const changes = fold.decide(at(9));
    expect(
      changes.map(({ kind, sinceMs, openedMs, startMs, numbers }) => [kind, sinceMs, openedMs, startMs, numbers]),
    ).toEqual([
      ['opened', at(0), at(1), at(1), [3, NaN, NaN]],
      ['resolved', at(0), at(1), at(3), null],
    ]);
  });

  it('come anew when what opened them is no longer remembered', () => {
    const fold = new AlertFold(metric, often, { decidedMs: at(2), open: new Map() });
    for (const window of [1, 2, 3]) fold.add(at(window), 'g', [3, NaN, NaN]);
    expect(fold.decide(at(3) + metric.window.sizeMs).map(({ kind, openedMs }) => [kind, openedMs])).toEqual([
      ['opened', at(2)],
    ]);
  });

  it('stay open when the results that opened them have expired, until a window says otherwise', () => {
    const fold = new AlertFold(metric, often, {
      decidedMs: at(2),
      open: new Map([['g', { sinceMs: 1, openedMs: 2 }]]),
    });
    fold.add(at(3), 'g', [3, NaN, NaN]);
    expect(fold.decide(at(3) + metric.window.sizeMs)).toEqual([]);
    expect(fold.decide(at(4) + metric.window.sizeMs)).toMatchObject([
      { kind: 'resolved', openedMs: 2, startMs: at(4) },
    ]);
  });
});
