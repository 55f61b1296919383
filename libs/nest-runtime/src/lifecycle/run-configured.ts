import {
  ConfigError,
  configuredEnvironment,
  helpText,
  KNOWN_NAMES,
  placed,
  printedConfig,
  type ConfiguredEnvironment,
  type Environment,
  type ServiceConfiguration,
} from '@tillstream/config';
import { runService, type ProcessPort, type StartedService } from './run-service';

/** A service and how it takes in its environment. */
export interface ConfigurableService extends ServiceConfiguration {
  /** Takes in all that the service takes in before it starts. @throws ConfigError with every problem */
  readonly load: (environment: Environment) => unknown;
}

/** The process, as far as its command line is concerned too. */
export interface ConfigurableProcess extends ProcessPort {
  readonly argv: readonly string[];
  readonly stdout: { write(text: string): unknown };
}

/**
 * Runs a service as this process, on its environment and the file that this names; or, asked with `--help` or `--print-config`,
 * says what it takes or would run with, and ends: with code 1 where it would not start.
 */
export async function runConfigured(
  service: ConfigurableService,
  environment: Environment,
  start: (environment: Environment) => Promise<StartedService>,
  process: ConfigurableProcess = globalThis.process,
): Promise<void> {
  const [argument, ...more] = process.argv.slice(2);
  if (argument === undefined) {
    return runService(() => onPlaced(configuredOf(environment), (merged) => start(merged)), process);
  }
  if (argument === '--help' && more.length === 0) {
    process.stdout.write(helpText(service));
    return process.exit(0);
  }
  if (argument === '--print-config' && more.length === 0) return printConfig(service, environment, process);
  process.stderr.write(`${[argument, ...more].join(' ')} is not known; there are --help and --print-config\n`);
  process.exit(1);
}

async function printConfig(
  service: ConfigurableService,
  environment: Environment,
  process: ConfigurableProcess,
): Promise<void> {
  try {
    const configured = configuredOf(environment);
    process.stdout.write(printedConfig(service, configured));
    await onPlaced(configured, async (merged) => service.load(merged));
    process.exit(0);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.problems.join('\n')}\n`);
    process.exit(1);
  }
}

const configuredOf = (environment: Environment): ConfiguredEnvironment =>
  configuredEnvironment(environment, KNOWN_NAMES);

/** Problems of variables that stand in a file say where. */
async function onPlaced<T>(
  { environment, sources }: ConfiguredEnvironment,
  work: (environment: Environment) => Promise<T>,
): Promise<T> {
  try {
    return await work(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(error.problems.map((problem) => placed(problem, sources)));
  }
}
