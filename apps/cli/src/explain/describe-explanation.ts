import {
  fromTimestamp,
  type ExplainedPartitionMessage,
  type ExplainWindowResponse,
  type MetricMessage,
  type RawRangeMessage,
  type RowPositionMessage,
  type SampleRowMessage,
  type ToldRevisionMessage,
  type WindowResultMessage,
} from '@tillstream/contracts';
import { cellText } from '../query/print-rows';
import { instantText, plainValues, toRow } from '../query/result-row';
import { table } from '../table';
import type { TraceLink } from './trace-links';

/**
 * How a number came about, for people.
 *
 * @param link traces are shown as links, and otherwise as their ids
 */
export function describeExplanation(
  explanation: ExplainWindowResponse,
  metric: MetricMessage,
  link?: TraceLink,
): string {
  const { told, recomputed, partitions, revisions, revisionsLeftOut, samples } = explanation;
  const parts = [
    `${verdictText(explanation)}\n`,
    numbersTable(told, recomputed, metric),
    partitionTable(partitions),
    ...deadLetterLines(partitions),
    revisionTable(revisions, Number(revisionsLeftOut), metric),
    sampleTable(samples, link),
    traceLines(explanation, link),
  ];
  return parts.filter((part) => part !== '').join('\n');
}

/** The same for programs; with `link` they are told the links of all traces as well. */
export function plainExplanation(explanation: ExplainWindowResponse, link?: TraceLink): object {
  const { verdict, told, recomputed, partitions, revisions, revisionsLeftOut, samples, traceIds, finalTraceId } =
    explanation;
  return {
    verdict,
    told: told && toRow(told),
    recomputed: recomputed && toRow(recomputed),
    partitions: partitions.map(plainPartition),
    revisions: revisions.map(({ position, appended, final, revision, measures, retracted }) => ({
      ...{ partition: position?.partition, offset: Number(position?.offset) },
      ...{ appended: instantText(appended), final, revision: Number(revision), retracted },
      measures: plainValues(measures),
    })),
    revisions_left_out: Number(revisionsLeftOut),
    samples: samples.map(({ fate, position, eventTime, row, traceId }) => ({
      ...{ fate, partition: position?.partition, offset: Number(position?.offset), index: position?.index },
      event_time: instantText(eventTime),
      row: JSON.parse(row) as unknown,
      ...(traceId === '' ? {} : { trace_id: traceId }),
    })),
    trace_ids: traceIds,
    ...(finalTraceId === '' ? {} : { final_trace_id: finalTraceId }),
    ...(link ? { trace_links: Object.fromEntries(tracesOf(explanation).map((id) => [id, link(id)])) } : {}),
  };
}

/** All that are named, each once. */
function tracesOf({ finalTraceId, traceIds, samples }: ExplainWindowResponse): readonly string[] {
  const named = [finalTraceId, ...traceIds, ...samples.map(({ traceId }) => traceId)];
  return [...new Set(named)].filter((id) => id !== '');
}

function plainPartition(partition: ExplainedPartitionMessage): object {
  const { read, contributed, deadLetters, closedAt } = partition;
  const range = (of: RawRangeMessage | null): object | null => of && { from: Number(of.from), next: Number(of.next) };
  return {
    partition: partition.partition,
    read: range(read),
    contributed: range(contributed),
    records: Number(partition.records),
    counted: Number(partition.counted),
    filtered: Number(partition.filtered),
    late: Number(partition.late),
    duplicates: Number(partition.duplicates),
    other_groups: Number(partition.otherGroups),
    dead_letters: Object.fromEntries(Object.entries(deadLetters).map(([code, count]) => [code, Number(count)])),
    closed_at: closedAt && Number(closedAt.offset),
  };
}

function verdictText({ verdict, partitions }: ExplainWindowResponse): string {
  const open = partitions.filter(({ closedAt }) => closedAt === null).map(({ partition }) => partition);
  switch (verdict) {
    case 'equal':
      return 'What stands is what raw gives, byte for byte.';
    case 'differs':
      return 'What stands is NOT what raw gives.';
    case 'missing':
      return 'Raw gives a final that does NOT stand there although its window is said to be complete.';
    case 'surplus':
      return 'A final stands there that raw does NOT give.';
    case 'untold':
      return 'Raw gives a final that the services have not told: they have not come so far, or the metric is younger.';
    case 'open':
      return `The window is still open in ${open.length} of ${partitions.length} partitions: the numbers may change.`;
    default:
      return 'There is no result: no row of this group counts in the window, or the condition in `having` leaves it out.';
  }
}

function numbersTable(
  told: WindowResultMessage | null,
  recomputed: WindowResultMessage | null,
  { measures }: MetricMessage,
): string {
  if (!told && !recomputed) return '';
  const [stands, gives] = [told, recomputed].map((result) => result && plainValues(result.measures));
  const cell = (values: typeof stands, name: string): string => (values ? cellText(values[name] ?? null) : '');
  const state = (result: WindowResultMessage | null): string =>
    result ? (result.final ? 'final' : 'provisional') : 'nothing';
  const rows = [
    ...measures.map(({ name }) => [name, cell(stands, name), cell(gives, name)]),
    ['revision', told?.revision ?? '', recomputed?.revision ?? ''],
  ];
  return table(['measure', `stands (${state(told)})`, `raw gives (${state(recomputed)})`], rows);
}

function partitionTable(partitions: readonly ExplainedPartitionMessage[]): string {
  const rows = partitions.map((of) => [
    of.partition,
    rangeText(of.contributed),
    Number(of.counted),
    Number(of.filtered),
    Number(of.duplicates),
    Number(of.late),
    deadLettersOf(of),
    Number(of.otherGroups),
    of.closedAt === null ? 'open' : `at ${of.closedAt.offset}`,
  ]);
  const header = [
    'partition',
    'raw offsets',
    'counted',
    'filtered',
    'duplicate',
    'late',
    'dead letters',
    'other groups',
    'closed',
  ];
  return table(header, rows);
}

const rangeText = (range: RawRangeMessage | null): string =>
  range === null ? '–' : `${range.from} to ${Number(range.next) - 1}`;

const deadLettersOf = ({ deadLetters }: ExplainedPartitionMessage): number =>
  Object.values(deadLetters).reduce((sum, count) => sum + Number(count), 0);

/** Whose windows nobody can tell. */
function deadLetterLines(partitions: readonly ExplainedPartitionMessage[]): string[] {
  const byCode = new Map<string, number>();
  for (const { deadLetters } of partitions) {
    for (const [code, count] of Object.entries(deadLetters)) byCode.set(code, (byCode.get(code) ?? 0) + Number(count));
  }
  if (byCode.size === 0) return [];
  const codes = [...byCode].map(([code, count]) => `${count} ${code}`).join(', ');
  return [`Dead letters among these records, of whatever window: ${codes}\n`];
}

function revisionTable(
  revisions: readonly ToldRevisionMessage[],
  leftOut: number,
  { measures }: MetricMessage,
): string {
  if (revisions.length === 0) return '';
  const rows = revisions.map(({ appended, position, final, revision, retracted, measures: values }) => [
    instantText(appended),
    recordPlace(position),
    final ? 'final' : retracted ? 'taken back' : 'provisional',
    Number(revision),
    ...measures.map(({ name }) => cellText(plainValues(values)[name] ?? null)),
  ]);
  const more = leftOut > 0 ? `… and ${leftOut} more between the first and the newest of them.\n` : '';
  const names = measures.map(({ name }) => name);
  return `${table(['told', 'metrics topic', 'as', 'revision', ...names], rows)}${more}`;
}

function sampleTable(samples: readonly SampleRowMessage[], link?: TraceLink): string {
  if (samples.length === 0) return '';
  const rows = samples.map(({ fate, position, eventTime, row, traceId }) => [
    fate,
    rowPlace(position),
    eventTime === null ? '' : new Date(fromTimestamp(eventTime)).toISOString(),
    row,
    traceId === '' ? '' : traceText(traceId, link),
  ]);
  return table(['row', 'raw', 'event time', 'event', 'trace'], rows);
}

function traceLines({ finalTraceId, traceIds }: ExplainWindowResponse, link?: TraceLink): string {
  const named = [
    ...(finalTraceId === '' ? [] : [['Trace of the final', traceText(finalTraceId, link)]]),
    ...traceIds.map((id) => ['Trace of a write that was counted', traceText(id, link)]),
  ];
  return named.map(([what, trace]) => `${what}: ${trace}\n`).join('');
}

const traceText = (traceId: string, link: TraceLink = (id) => id): string => link(traceId);

const recordPlace = (position: RowPositionMessage | null): string =>
  position === null ? '' : `${position.partition}/${position.offset}`;

const rowPlace = (position: RowPositionMessage | null): string =>
  position === null ? '' : `${recordPlace(position)}/${position.index}`;
