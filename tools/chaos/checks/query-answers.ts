import type { StreamDefinition, ValueMessage, WindowResultMessage } from '@tillstream/contracts';
import { fromTimestamp } from '@tillstream/contracts';
import { QueryClient } from '../../rig/query-client';
import type { ExpectedOutcome, JsonValue } from '../../oracle/raw-oracle';

const PAGE_ROWS = 10_000;

/**
 * What a replica of the query API shows of closed windows, against what it should: each final, and nothing else. A
 * provisional that beats a final, or outlives its window, shows here.
 */
export async function wrongAnswers(
  who: string,
  port: number,
  { schema, metrics }: StreamDefinition,
  expected: ExpectedOutcome,
): Promise<readonly string[]> {
  const client = new QueryClient(`127.0.0.1:${port}`);
  try {
    const problems: string[] = [];
    for (const { name } of metrics) {
      const closedMs = Math.min(...(expected.progress[name]?.perPartitionMs ?? [-Infinity]));
      const shown = await allWindows(client, schema.stream, name);
      const finals = new Set(shown.filter(({ final }) => final).map(lineOfAnswer));
      const wanted = new Set(
        expected.finals
          .filter(({ metric }) => metric === name)
          .map(({ windowStart, windowEnd, group, measures }) => line(windowStart, windowEnd, group, measures)),
      );
      problems.push(
        ...[...wanted].filter((one) => !finals.has(one)).map((one) => `${who} does not show ${name} ${one}`),
        ...[...finals].filter((one) => !wanted.has(one)).map((one) => `${who} shows ${name} ${one}`),
        ...shown
          .filter(({ final, end }) => !final && end !== null && fromTimestamp(end) <= closedMs)
          .map((row) => `${who} shows a provisional in a closed window: ${name} ${lineOfAnswer(row)}`),
      );
    }
    return problems;
  } finally {
    client.close();
  }
}

async function allWindows(client: QueryClient, stream: string, metric: string): Promise<WindowResultMessage[]> {
  const all: WindowResultMessage[] = [];
  let pageToken = '';
  do {
    const page = await client.listWindows({ stream, metric, pageSize: PAGE_ROWS, pageToken });
    all.push(...page.windows);
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  return all;
}

function lineOfAnswer({ start, end, group, measures }: WindowResultMessage): string {
  const iso = (instant: typeof start): string => (instant ? new Date(fromTimestamp(instant)).toISOString() : '–');
  return line(iso(start), iso(end), plain(group), plain(measures));
}

function line(start: string, end: string, group: object, measures: object): string {
  return JSON.stringify([start, end, sorted(group), sorted(measures)]);
}

/** A map on the wire has no order. */
function sorted(values: object): [string, unknown][] {
  return Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
}

function plain(values: Readonly<Record<string, ValueMessage>>): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, plainValue(value)]));
}

function plainValue({ integer, number, decimal, text, flag, list }: ValueMessage): JsonValue {
  if (integer !== undefined) return Number(integer);
  if (list !== undefined) return list.values.map(plainValue) as (string | number | boolean)[];
  return number ?? decimal ?? text ?? flag ?? null;
}
