import { StopPartitionError } from '@tillstream/engine';
import { CommanderError } from 'commander';
import { CliError, type CliContext } from './cli-context';
import { createProgram } from './create-program';

/** Runs one command line (without node and script) and gives the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  try {
    await createProgram(context).parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2; // commander has said what is wrong
    if (error instanceof CliError) {
      context.note(`till: ${error.message}\n`);
      if (error.remedy !== null) context.note(`      ${error.remedy}\n`);
      return error.exitCode;
    }
    if (error instanceof StopPartitionError) {
      context.note(`till: ${error.message}\n`); // it names the place and the remedy
      return 1;
    }
    context.note(`till: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return 1;
  }
}
