import { feedsOf } from '@tillstream/contracts';
import type { Command } from 'commander';
import type { CliContext } from '../cli-context';
import type { RegisterCommand } from '../create-program';
import { describeTable, tableStatus } from '../lake/table-status';
import { LAKE_OPTION, withLake, type LakeOptions } from '../lake/open-lake';
import { loadStream } from '../streams/load-stream-files';
import { table } from '../table';
import { bytesText, plural } from '../words';

interface LakeCommandOptions extends LakeOptions {
  readonly stream: string;
  readonly streamFiles?: string;
  readonly json?: boolean;
}

/** `till lake`: what the lake holds, and what its sink-writer does in the background, done at once. */
export const registerLake: RegisterCommand = (program, context) => {
  const lake = program.command('lake').description('what the lake holds; keeping it in order by hand');
  withOptions(lake.command('status'))
    .description('tables of the lake: rows, files, days, and how far each partition has come')
    .option('--json', 'one JSON object a line')
    .action((options: LakeCommandOptions) => status(options, context));
  withOptions(lake.command('compact'))
    .description('put small files together; the sink-writer does it by itself')
    .action((options: LakeCommandOptions) => compact(options, context));
  withOptions(lake.command('vacuum'))
    .description('remove files that have been no part of a table for a day; the sink-writer does it by itself')
    .action((options: LakeCommandOptions) => vacuum(options, context));
};

function withOptions(command: Command): Command {
  return command
    .option('--stream <name>', 'stream whose lake it is', 'commerce')
    .option(...LAKE_OPTION)
    .option('--stream-files <paths>', 'stream files (default: STREAM_FILES, else the one that is shipped)');
}

async function status(options: LakeCommandOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, options.stream);
  await withLake(definition, options, context, async (lake) => {
    const tables = await Promise.all(
      feedsOf(definition).map(async (feed) => tableStatus(feed, await lake.table(feed).snapshot())),
    );
    if (options.json === true) {
      for (const one of tables) context.write(`${JSON.stringify(one)}\n`);
      return;
    }
    context.write(`${lake.store.address}/${definition.schema.stream}\n\n`);
    const header = ['table', 'version', 'rows', 'bytes', 'files', 'small', 'days', 'partition:next'];
    context.write(table(header, tables.map(describeTable)));
  });
}

async function compact(options: LakeCommandOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, options.stream);
  await withLake(definition, options, context, ({ library, store }) =>
    library.withLakeCare(definition, store, context.signal, async (care) => {
      for (const feed of feedsOf(definition)) {
        const { files, into } = await library.compactTable(care(feed), { ...library.COMPACTION, files: 2 });
        context.write(`${feed}: ${files === 0 ? 'nothing to do' : `${plural(files, 'file')} became ${into}`}\n`);
      }
    }),
  );
}

async function vacuum(options: LakeCommandOptions, context: CliContext): Promise<void> {
  const definition = loadStream(options.streamFiles, context.environment, options.stream);
  await withLake(definition, options, context, ({ library, store }) =>
    library.withLakeCare(definition, store, context.signal, async (care) => {
      for (const feed of feedsOf(definition)) {
        const kept = care(feed);
        const removed = await library.vacuumTable(kept);
        const trimmed = await kept.table.trimLog();
        context.write(
          `${feed}: removed ${plural(removed.files, 'file')} of ${bytesText(removed.bytes)}, and ${plural(trimmed, 'file')} of its log\n`,
        );
      }
    }),
  );
}
