import { execFile } from 'node:child_process';
import type { Platform } from './platform';
import { servers } from './platform';

const MOST_BYTES = 64 * 1024 * 1024;

/** How a command line ended, and what it said. */
export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** They name a stream file, not a stream. */
const OF_A_FILE: readonly string[] = ['plan', 'apply', 'topics', 'repartition'];

/** Runs the built command line on the stream of a platform: `--stream` and where its servers are need not be said. */
export function till(platform: Platform, command: string, ...args: readonly string[]): Promise<CommandOutcome> {
  const stream = OF_A_FILE.includes(command) ? [] : ['--stream', platform.stream];
  return startTill(platform, [command, ...args, ...stream]).outcome;
}

/** A command line under way. */
export interface RunningCommand {
  readonly outcome: Promise<CommandOutcome>;
  /** Ends it without warning. */
  kill(): void;
}

/** Starts the built command line, told where the servers of a platform are; `streamFile` in place of the platform's own. */
export function startTill(
  platform: Platform,
  args: readonly string[],
  streamFile: string = platform.streamFile,
): RunningCommand {
  const { grpc } = platform.processes.find(({ service }) => service === 'query-api') ?? {};
  const environment = {
    KAFKA_BROKERS: servers().brokers.join(','),
    STREAM_FILES: streamFile,
    TILLSTREAM_QUERY: `127.0.0.1:${grpc ?? 0}`,
    TILLSTREAM_SINK_LAKE_DEFAULT_WHERE: platform.lake,
  };
  const options = { maxBuffer: MOST_BYTES, env: { ...process.env, ...environment, ...platform.environment } };
  let kill = (): void => undefined;
  const outcome = new Promise<CommandOutcome>((resolve) => {
    const child = execFile(process.execPath, ['dist/apps/cli/main.js', ...args], options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
    kill = () => void child.kill('SIGKILL');
  });
  return { outcome, kill };
}
