import {
  type ChangedMetric,
  type ChangedSection,
  type ChangedSink,
  type DefinitionChange,
  formatDuration,
  mayRefuse,
  sourceOf,
  type StreamDefinition,
} from '@tillstream/contracts';
import type { Field, MetricDefinition } from '@tillstream/core';

/** What putting a stream file live would do, in plain words, a line each. */
export function describeChange(change: DefinitionChange, live: StreamDefinition, file: StreamDefinition): string {
  const { problems, newFields, sections, newMetrics, changedMetrics, removedMetrics, retoldMetrics, unchangedMetrics } =
    change;
  const { newSettings, newRetention } = change;
  const lines = [
    ...newFields.map((field) => `+ field ${describeField(field)}`),
    ...sections.map(describeSection),
    ...newMetrics.map((metric) => `+ metric ${metric.identity}, ${describeMetric(file, metric)}`),
    ...changedMetrics.map(describeChanged),
    ...removedMetrics.map(({ identity }) => `- metric ${identity}`),
    ...newSettings.map(({ name, from, to }) => `~ ${name}: ${from} becomes ${to}`),
    ...retoldMetrics.map(({ to, parts }) => `~ metric ${to.name}: ${parts.join(', ')}; its values stay as they are`),
    ...newRetention.map((topic) => `~ retention.${topic.replace(/Ms$/, '')}`),
    ...change.newSinks.map(describeSink),
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

function describeSection({ name, from, to, parts }: ChangedSection): string {
  if (from === null) return `+ ${name} ${to}`;
  return to === null ? `- ${name} ${from}` : `~ ${name}: ${parts.join(', ')}; ${to} takes the place of ${from}`;
}

function describeSink({ name, from, to, parts }: ChangedSink): string {
  if (to === null) return `- sink ${name}`;
  if (from !== null) return `~ sink ${name}: ${parts.join(', ')}`;
  return `+ sink ${name}, ${to.type}: ${to.feeds.map(({ feed }) => feed).join(', ')}`;
}

function describeMetric(file: StreamDefinition, metric: MetricDefinition): string {
  const source = sourceOf(file, metric);
  const { groupBy } = metric;
  if (groupBy.length === 0) return `over all ${source ?? 'events'}`;
  return `${source === null ? '' : `over ${source} `}by ${groupBy.join(', ')}`;
}

/** What follows for what is derived from events. */
function consequencesOfSections(sections: readonly ChangedSection[]): string[] {
  const comes = sections.filter(({ to }) => to !== null).map(({ name }) => name);
  const isNew = sections.some(({ from }) => from === null);
  return [
    ...(comes.length === 0
      ? []
      : [
          `Of ${comes.join(' and ')} only what begins behind the newest event that has come before the change is told anew.`,
        ]),
    ...(isNew
      ? [
          'Topics are needed that may not be there: `till topics --create`. The aggregator reads them once it is started with the file.',
        ]
      : []),
  ];
}

/** A new sink begins with what the topics hold; what a store refuses is kept in a topic that may not be there. */
function consequencesOfSinks({ newSinks }: DefinitionChange): string[] {
  const comes = newSinks.flatMap(({ from, to }) => (from === null && to !== null ? to : []));
  return [
    ...(comes.length === 0 ? [] : ['A new sink begins with the oldest that the topics hold.']),
    ...(comes.some(mayRefuse) ? ['A topic is needed that may not be there: `till topics --create`.'] : []),
  ];
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
    ...consequencesOfSections(change.sections),
    ...(change.newRetention.length === 0
      ? []
      : ['Topics keep their records for the new time after `till topics --fix`.']),
    ...(change.newSinks.length === 0
      ? []
      : ['Sinks are written as the file says that the sink-writer is started with.', ...consequencesOfSinks(change)]),
    ...(change.retoldMetrics.some(({ parts }) => parts.includes('emit'))
      ? ['Another pace is kept once the services are started with the file, at the latest.']
      : []),
  ];
}
