import { CliError } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { wholeNumber } from '../options/parse-options';
import {
  formatOf,
  withFormatOptions,
  withQueryClient,
  withQueryOptions,
  type FormatOptions,
  type QueryOptions,
} from '../query/query-options';
import { printSql, type SqlFormat } from '../sql/print-sql';

interface SqlOptions extends QueryOptions, FormatOptions {
  readonly chart?: boolean;
  readonly limit: number;
}

/** `till sql`: one SELECT over what the lake has of a stream. */
export const registerSql: RegisterCommand = (program, context) => {
  withFormatOptions(withQueryOptions(program.command('sql <select>')))
    .description('ask the lake in SQL: over events, finals, sessions, attributions, late and each metric by its name')
    .option('--chart', 'a bar a row: as long as the first number, beside the other columns')
    .option('--limit <n>', 'at most so many rows (default: as many as the query-api gives)', wholeNumber(1), 0)
    .addHelpText('after', '\nSHOW TABLES and DESCRIBE events tell what there is. Times are in UTC.')
    .action((sql: string, options: SqlOptions) =>
      withQueryClient(options, context, async (client) => {
        const format = sqlFormatOf(options);
        const answer = await client.runSql({ stream: options.stream, sql, maxRows: options.limit });
        await printSql(answer, format, context);
      }),
    );
};

function sqlFormatOf(options: SqlOptions): SqlFormat {
  if (!options.chart) return formatOf(options);
  if (options.json || options.csv) throw new CliError('--chart stands alone: without --json and --csv');
  return 'chart';
}
