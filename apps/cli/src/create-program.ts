import { Command } from 'commander';
import type { CliContext } from './cli-context';
import { registerAlerts } from './commands/alerts';
import { registerApply } from './commands/apply';
import { registerAttributions } from './commands/attributions';
import { registerBackfill } from './commands/backfill';
import { registerDiff } from './commands/diff';
import { registerDoctor } from './commands/doctor';
import { registerExplain } from './commands/explain';
import { registerErase } from './commands/erase';
import { registerExport } from './commands/export';
import { registerGenerate } from './commands/generate';
import { registerKeys } from './commands/keys';
import { registerLag } from './commands/lag';
import { registerLogLevel } from './commands/log-level';
import { registerLake } from './commands/lake';
import { registerLate } from './commands/late';
import { registerProbe } from './commands/probe';
import { registerQuery } from './commands/query';
import { registerRelease } from './commands/release';
import { registerRepartition } from './commands/repartition';
import { registerReplay } from './commands/replay';
import { registerRestore } from './commands/restore';
import { registerSessions } from './commands/sessions';
import { registerSkip } from './commands/skip';
import { registerSql } from './commands/sql';
import { registerTail } from './commands/tail';
import { registerTop } from './commands/top';
import { registerTopics } from './commands/topics';
import { registerTry } from './commands/try';
import { registerVerify } from './commands/verify';
import { registerWatch } from './commands/watch';

/** Adds one command (with its subcommands) to the program. Each lives in a file of its own under `commands/`. */
export type RegisterCommand = (program: Command, context: CliContext) => void;

/** In the order of `till --help`. */
const commands: readonly RegisterCommand[] = [
  registerGenerate,
  registerReplay,
  registerQuery,
  registerSql,
  registerWatch,
  registerTail,
  registerTop,
  registerAlerts,
  registerSessions,
  registerAttributions,
  registerExport,
  registerRestore,
  registerLake,
  registerErase,
  registerVerify,
  registerDiff,
  registerExplain,
  registerBackfill,
  registerLate,
  registerProbe,
  registerTopics,
  registerTry,
  registerApply,
  registerDoctor,
  registerRepartition,
  registerKeys,
  registerLag,
  registerLogLevel,
  registerSkip,
  registerRelease,
];

/** The whole command line. Problems with arguments throw commander's CommanderError. */
export function createProgram(context: CliContext): Command {
  const program = new Command('till')
    .description('Tillstream from the command line: put events in, look at what comes out.')
    .showHelpAfterError('(--help shows what is possible)')
    // Options belong to the command they stand behind: `replay rees46` has the same as `replay`.
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.write(text),
      writeErr: (text) => context.note(text),
      getOutHelpWidth: () => context.columns,
      getErrHelpWidth: () => context.columns,
    });
  for (const register of commands) register(program, context);
  return program;
}
