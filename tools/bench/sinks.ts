import type { BenchContext } from './context';
import { measureLakeSink } from './lake-sink';
import { measureOpenSearchSink } from './opensearch-sink';
import { measurePostgresSink } from './postgres-sink';

/** Each store outside beside its own bulk loader. */
const SINKS: readonly ((context: BenchContext) => Promise<string>)[] = [
  measureLakeSink,
  measureOpenSearchSink,
  measurePostgresSink,
];

/** What a row costs on its way into each store outside. */
export async function measureSinks(context: BenchContext): Promise<string> {
  const figures: string[] = [];
  for (const measure of SINKS) figures.push(await measure(context));
  return figures.join('\n\n');
}
