import { toTimestamp, type ValueMap } from '@tillstream/contracts';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { describeExplanation, plainExplanation } from '../explain/describe-explanation';
import { parseTraceLink, type TraceLink } from '../explain/trace-links';
import { parseInstant, wholeNumber } from '../options/parse-options';
import { collect } from '../options/window-range';
import { addGroup, metricNamed, withQueryClient, withQueryOptions, type QueryOptions } from '../query/query-options';
import type { QueryClient } from '../query/query-client';

interface ExplainOptions extends QueryOptions {
  readonly window: number;
  readonly group?: ValueMap;
  readonly null: readonly string[];
  readonly samples: number;
  readonly traces?: TraceLink;
  readonly json?: boolean;
}

const MOST_SAMPLES = 20;
/** What stands is not what raw gives: another code than for what has kept it from being explained. */
const DIFFERS = 3;

/** `till explain`: how one number came about. */
export const registerExplain: RegisterCommand = (program, context) => {
  withQueryOptions(program.command('explain <metric>'))
    .description(
      'how one number came about: what it counts, what it leaves out and why, and whether raw gives the same',
    )
    .requiredOption('--window <time>', 'start of the window', parseInstant)
    .option('--group <field=value>', 'the group; to be given for every field of it', addGroup)
    .option('--null <field>', 'the field of the group has no value', collect, [])
    .option('--samples <n>', `show so many rows, up to ${MOST_SAMPLES}; 0: none`, wholeNumber(0), 10)
    .option('--traces <address>', 'pages of the trace back end: links instead of trace ids', parseTraceLink)
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
The query-api computes the window once more from the raw log, and compares with what stands. It reads the log from the
newest place before which no row belongs to the window; --timeout gives a long window more time.

--traces takes http://localhost:16686 for Jaeger, http://localhost:9411/zipkin for Zipkin, and for others an address
with {trace} where the id belongs.

Exit code: 0 explained, 3 what stands is not what raw gives, 1 it could not be explained.`,
    )
    .action((metric: string, options: ExplainOptions) =>
      withQueryClient(options, context, (client) => explain(client, metric, options, context)),
    );
};

async function explain(client: QueryClient, name: string, options: ExplainOptions, context: CliContext): Promise<void> {
  const { stream, window, samples, json, traces } = options;
  const metric = await metricNamed(client, stream, name);
  const nulls = Object.fromEntries(options.null.map((field): [string, object] => [field, {}]));
  const explanation = await client.explainWindow({
    stream,
    metric: name,
    windowStart: toTimestamp(window),
    group: { ...options.group, ...nulls },
    samples: Math.max(1, samples),
  });
  const shown = samples === 0 ? { ...explanation, samples: [] } : explanation;
  context.write(
    json ? `${JSON.stringify(plainExplanation(shown, traces))}\n` : describeExplanation(shown, metric, traces),
  );
  if (['differs', 'missing', 'surplus'].includes(explanation.verdict)) {
    throw new CliError('what stands is not what raw gives', null, DIFFERS);
  }
}
