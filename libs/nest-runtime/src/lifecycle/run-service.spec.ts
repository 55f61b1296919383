import { ConfigError } from '@tillstream/config';
import { createLogger } from '../logging/logger';
import { runService } from './run-service';
import type { StartedService } from './run-service';

/** A process that notes how it would have ended. */
function aProcess() {
  const listeners = new Map<string, (argument?: unknown) => void>();
  const exits: number[] = [];
  let stderr = '';
  return {
    on: (event: string, listener: (argument?: unknown) => void) => listeners.set(event, listener),
    exit: (code: number) => void exits.push(code),
    stderr: { write: (text: string) => (stderr += text) },
    emit: (event: string, argument?: unknown) => listeners.get(event)?.(argument),
    exits,
    said: () => stderr,
  };
}

function aService(close: () => Promise<void>, shutdownTimeoutMs = 60_000): StartedService & { log: string[] } {
  const log: string[] = [];
  const logger = createLogger('test', 'info', {
    write: (line) => void log.push((JSON.parse(line) as { message: string }).message),
  });
  return { running: { httpPort: 1, grpcPort: null, close }, logger, shutdownTimeoutMs, log };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('runService', () => {
  it('closes the service on a signal, once, and ends with 0', async () => {
    const process = aProcess();
    let closed = 0;
    const service = aService(async () => void closed++);
    await runService(async () => service, process);
    process.emit('SIGTERM');
    process.emit('SIGINT');
    await turn();
    expect({ closed, exits: process.exits, log: service.log }).toEqual({
      closed: 1,
      exits: [0],
      log: ['stopping', 'stopped'],
    });
  });

  it('ends with 1 when the service does not stop in time', async () => {
    const process = aProcess();
    const service = aService(() => new Promise(() => {}), 5);
    await runService(async () => service, process);
    process.emit('SIGTERM');
    while (process.exits.length === 0) await turn();
    expect([process.exits, service.log]).toEqual([[1], ['stopping', 'shutdown_timed_out']]);
  });

  it('prints every problem of the configuration and ends with 1', async () => {
    const process = aProcess();
    await runService(() => Promise.reject(new ConfigError(['A must be set', 'B must be a number'])), process);
    expect([process.said(), process.exits]).toEqual(['A must be set\nB must be a number\n', [1]]);
  });

  it('says why it could not start, and ends with 1', async () => {
    const process = aProcess();
    await runService(() => Promise.reject(new Error('port in use')), process);
    expect(process.said()).toMatch(/^start_failed: Error: port in use\n/);
    expect(process.exits).toEqual([1]);
  });

  it('ends with 1 when something fails that nobody catches', async () => {
    const process = aProcess();
    const service = aService(async () => {});
    await runService(async () => service, process);
    process.emit('unhandledRejection', new Error('lost'));
    expect([process.exits, service.log]).toEqual([[1], ['unhandled_rejection']]);
  });

  it('obeys a signal that comes while it starts', async () => {
    const process = aProcess();
    void runService(() => new Promise(() => {}), process);
    process.emit('SIGTERM');
    expect(process.exits).toEqual([0]);
  });
});
