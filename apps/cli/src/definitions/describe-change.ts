import {
  type ChangedMetric,
  type DefinitionChange,
  formatDuration,
  type StreamDefinition,
} from '@tillstream/contracts';
import type { Field, MetricDefinition } from '@tillstream/core';

/** What putting a stream file live would do, in plain words, a line each. */
export function describeChange(change: DefinitionChange, live: StreamDefinition): string {
  const { problems, newFields, newMetrics, changedMetrics, removedMetrics, retoldMetrics, unchangedMetrics } = change;
  const { newSettings, newRetention } = change;
  const lines = [
    ...newFields.map((field) => `+ field ${describeField(field)}`),
    ...newMetrics.map((metric) => `+ metric ${metric.identity}, ${describeMetric(metric)}`),
    ...changedMetrics.map(describeChanged),
    ...removedMetrics.map(({ identity }) => `- metric ${identity}`),
    ...newSettings.map(({ name, from, to }) => `~ ${name}: ${from} becomes ${to}`),
    ...retoldMetrics.map(({ to, parts }) => `~ metric ${to.name}: ${parts.join(', ')}; its values stay as they are`),
    ...newRetention.map((topic) => `~ retention.${topic.replace(/Ms$/, '')}`),
    ...(unchangedMetrics.length === 0 ? [] : [`= ${unchangedMetrics.map(({ name }) => name).join(', ')}`]),
    ...problems.map((problem) => `! ${problem}`),
    ...consequences(change, live),
  ];
  return lines.map((line) => `  ${line}\n`).join('');
}

function describeChanged({ from, to, parts }: ChangedMetric): string {
  return `~ metric ${to.name}: ${parts.join(', ')}; ${to.identity} takes the place of ${from.identity}`;
}

function describeField({ name, type, optional, default: standIn }: Field): string {
  return `${name}: ${type}${optional ? ', optional' : ''}${standIn === null ? '' : ', with a default'}`;
}

function describeMetric({ groupBy }: MetricDefinition): string {
  return groupBy.length === 0 ? 'over all events' : `by ${groupBy.join(', ')}`;
}

/** What follows for whoever asks for the numbers. */
function consequences(change: DefinitionChange, live: StreamDefinition): string[] {
  if (change.problems.length > 0) return [];
  const comes = [...change.newMetrics, ...change.changedMetrics];
  const goes = [...change.removedMetrics, ...change.changedMetrics];
  return [
    ...(comes.length === 0
      ? []
      : ['New metrics are complete for windows that begin behind the newest event that has come before the change.']),
    ...(goes.length === 0
      ? []
      : [
          'What goes is told until the windows that are open have closed, and its results can be asked for by their ' +
            `name with @ for another ${formatDuration(live.retention.metricsMs)}.`,
        ]),
    ...(change.newRetention.length === 0
      ? []
      : ['Topics keep their records for the new time after `till topics --fix`.']),
    ...(change.retoldMetrics.some(({ parts }) => parts.includes('emit'))
      ? ['Another pace is kept once the services are started with the file, at the latest.']
      : []),
  ];
}
