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
const OF_A_FILE: readonly string[] = ['plan', 'apply', 'topics'];

/** Runs the built command line on the stream of a platform: `--stream` and where its servers are need not be said. */
export function till(platform: Platform, command: string, ...args: readonly string[]): Promise<CommandOutcome> {
  const { grpc } = platform.processes.find(({ service }) => service === 'query-api') ?? {};
  const environment = {
    KAFKA_BROKERS: servers().brokers.join(','),
    STREAM_FILES: platform.streamFile,
    TILLSTREAM_QUERY: `127.0.0.1:${grpc ?? 0}`,
  };
  const all = [
    'dist/apps/cli/main.js',
    command,
    ...args,
    ...(OF_A_FILE.includes(command) ? [] : ['--stream', platform.stream]),
  ];
  return new Promise((resolve) => {
    const options = { maxBuffer: MOST_BYTES, env: { ...process.env, ...environment } };
    execFile(process.execPath, all, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}
