import type { RunSqlResponse } from '@tillstream/contracts';
import type { CliContext } from '../cli-context';
import { csvText, tableCell, type OutputFormat } from '../query/print-rows';
import { plainValue, type PlainValue } from '../query/result-row';
import { table } from '../table';
import { chart } from './chart';

export type SqlFormat = OutputFormat | 'chart';

/** Prints what SQL has answered: a table, one JSON object a line, CSV with a header, or a chart of the first number. */
export async function printSql(answer: RunSqlResponse, format: SqlFormat, context: CliContext): Promise<void> {
  const rows = answer.rows.map(({ values }) => values.map(plainValue));
  if (!context.write(textOf(answer, rows, format, context.columns))) await context.drained();
  if (answer.truncated) context.note(`only the first ${rows.length} rows: add a LIMIT, or group\n`);
}

function textOf(
  { columns }: RunSqlResponse,
  rows: readonly (readonly PlainValue[])[],
  format: SqlFormat,
  width: number,
): string {
  const names = columns.map(({ name }) => name);
  switch (format) {
    case 'json':
      return rows
        .map((row) => `${JSON.stringify(Object.fromEntries(names.map((name, i) => [name, row[i]])))}\n`)
        .join('');
    case 'csv':
      return [names, ...rows].map((cells) => `${cells.map(csvText).join(',')}\n`).join('');
    case 'chart':
      return chart(columns, rows, width);
    case 'table':
      return table(
        names,
        rows.map((row) => row.map(tableCell)),
      );
  }
}
