import { feedsOf, type Feed } from '@tillstream/contracts';
import { CliError, type CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { LAKE_OPTION, withLake, type LakeOptions } from '../lake/open-lake';
import { loadStream } from '../streams/load-stream-files';
import { plural } from '../words';

interface EraseOptions extends LakeOptions {
  readonly stream: string;
  readonly streamFiles?: string;
  readonly yes: boolean;
}

/** `till erase`: takes somebody out of the lake. */
export const registerErase: RegisterCommand = (program, context) => {
  program
    .command('erase')
    .description('write the files of the lake anew that hold rows of a key, without these')
    .argument('<key>', 'value of a field that the stream is keyed by, such as a user id')
    .option('--yes', 'do it: they cannot be brought back', false)
    .option('--stream <name>', 'stream whose lake it is', 'commerce')
    .option(...LAKE_OPTION)
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)')
    .addHelpText(
      'after',
      `
Erased are its events, sessions, attributions, late rows, the finals that are grouped by the key, and dead letters that hold it
anywhere. Finals about many keys stay. The files that held the rows are removed a day later, by the sink-writer or \`till lake vacuum\`.
What stands in Kafka goes with the retention of its topics: what the sink-writer has not read yet comes into the lake afterwards, so
erase once more when it has.`,
    )
    .action((key: string, options: EraseOptions) => erase(key, options, context));
};

async function erase(key: string, options: EraseOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, options.stream);
  await withLake(definition, options, context, ({ library, store }) =>
    library.withLakeCare(definition, store, context.signal, async (care) => {
      const conditions: [Feed, string][] = [];
      for (const feed of feedsOf(definition)) {
        const snapshot = await care(feed).table.snapshot();
        if (snapshot === null) continue;
        const has = (column: string) => snapshot.columns.some(({ name }) => name === column);
        const condition = library.eraseCondition(definition, feed, key, has);
        if (condition !== null) conditions.push([feed, condition]);
        else context.note(`till: the lake’s ${feed} have no column that says whose they are; none is erased of them\n`);
      }
      const found: string[] = [];
      for (const [feed, condition] of conditions) {
        const rows = await library.countRowsOf(care(feed), condition);
        if (rows > 0) found.push(`${plural(rows, 'row')} of ${feed}`);
      }
      if (found.length === 0) {
        context.write(`the lake holds no rows of ${key}\n`);
        return;
      }
      if (!options.yes) {
        throw new CliError(
          `not done: the lake holds ${found.join(', ')} of ${key}`,
          'Add --yes to erase them for good.',
        );
      }
      for (const [feed, condition] of conditions) {
        const { rows, files } = await library.eraseRows(care(feed), condition);
        if (rows > 0) context.write(`${feed}: erased ${plural(rows, 'row')} of ${plural(files, 'file')}\n`);
      }
    }),
  );
}
