import { isSession, isTotal } from '@tillstream/core';
import type { AlertDefinition, AlertSeverity, HistoryValue, HoppingMetric, MetricDefinition } from '@tillstream/core';
import { refuseExpired } from './compare-section';
import type { Value } from './document';
import { parseCondition } from './expression-parser';
import type { ScopeName } from './expression-scope';
import { HISTORY_FUNCTIONS, HistoryReader, durationsAsNames } from './history-functions';
import { alertIdentity } from './identity';
import { refuseFields } from './metric-scope';
import type { MetricScope } from './metric-scope';

const SEVERITIES: readonly AlertSeverity[] = ['info', 'warning', 'critical'];
const DEFAULT_SEVERITY: AlertSeverity = 'warning';
const MAX_WINDOWS = 1_000;

/**
 * Reads `alert: { when, for, severity }`; null where there is none, or after its problems were reported.
 *
 * @param names of the metric's measures
 */
export function readAlert(
  value: Value | null,
  metric: MetricDefinition,
  names: ReadonlyMap<string, ScopeName>,
  scope: MetricScope,
): AlertDefinition | null {
  const section = value?.section(['when', 'for', 'severity']) ?? null;
  if (value === null || section === null) return null;
  const { window } = metric;
  if (isSession(window)) {
    return value.problem('an alert looks at one window after the other, and sessions do not follow one another');
  }
  if (isTotal(window)) return value.problem('an alert is about final results, and a running total has none');
  const history = new HistoryReader({ ...metric, window }, scope.money);
  const when = readWhen(section.require('when'), history, names, scope);
  const forWindows = section.get('for')?.integer(1, MAX_WINDOWS) ?? 1;
  const severity = section.get('severity')?.oneOf(SEVERITIES, 'severity') ?? DEFAULT_SEVERITY;
  if (when === null) return null;
  const expired = refuseExpired('this', neededMs({ ...metric, window }, history.values, forWindows), scope.retentionMs);
  if (expired !== null) return value.problem(expired);
  const meaning = { when, history: history.values, forWindows, severity };
  return { identity: alertIdentity(metric, meaning), ...meaning };
}

function readWhen(
  value: Value | null,
  history: HistoryReader,
  names: ReadonlyMap<string, ScopeName>,
  { fields, money }: MetricScope,
) {
  const text = value?.formula() ?? null;
  if (value === null || text === null) return null;
  const refusing = refuseFields(
    names,
    fields,
    (field) => `an alert is about measures, such as count() or sum(${field})`,
  );
  const functions = new Map(HISTORY_FUNCTIONS.map((name) => [name, history.reader(name)]));
  return parseCondition(durationsAsNames(text), { what: 'measure', names: refusing, money, functions }, (at, message) =>
    value.problemAt(at, message),
  );
}

/** How long results must be kept for the alert to be the same whenever a service starts. */
function neededMs(
  { window, outOfOrdernessMs }: HoppingMetric,
  history: readonly HistoryValue[],
  forWindows: number,
): number {
  const lookedBackMs = Math.max(0, ...history.map(({ lagMs, count }) => lagMs * count));
  return lookedBackMs + forWindows * window.hopMs + window.sizeMs + outOfOrdernessMs;
}
