import { trace } from '@opentelemetry/api';
import { createLogger } from './logger';
import { LogLevel, parseLevelRequest } from './log-level';
import { isFromThisMachine } from './from-this-machine';

const SPAN = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), traceFlags: 1 };

function logged(level: 'info' | 'debug' = 'info') {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  return { lines, logger: createLogger('gateway', level, { write }) };
}

describe('a line of the log', () => {
  it('says within which span it was written', () => {
    const { lines, logger } = logged();
    logger.info('outside');
    const active = jest.spyOn(trace, 'getActiveSpan').mockReturnValue(trace.wrapSpanContext(SPAN));
    logger.info('inside');
    active.mockRestore();
    expect(lines[0]).not.toHaveProperty('trace_id');
    expect(lines[1]).toMatchObject({ message: 'inside', trace_id: SPAN.traceId, span_id: SPAN.spanId });
  });

  it('tells of an error what has failed and why, and nothing of what was sent', () => {
    const { lines, logger } = logged();
    const cause = Object.assign(new Error('WRONGPASS'), {
      command: { name: 'auth', args: ['shop', 'hunter2'] },
      code: 'ECONNRESET',
    });
    const error = Object.assign(new Error('no checkpoint', { cause }), { partition: 3, detail: 'a row: hunter2' });
    logger.warn({ error }, 'failed');
    logger.warn({ err: new AggregateError([cause], 'all failed') }, 'failed');
    expect(lines[0]).toMatchObject({
      error: {
        name: 'Error',
        message: 'no checkpoint',
        partition: 3,
        cause: { message: 'WRONGPASS', code: 'ECONNRESET' },
      },
    });
    expect(lines[1]).toMatchObject({ err: { message: 'all failed', errors: [{ message: 'WRONGPASS' }] } });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });

  it('tells nothing of what is thrown and is no error', () => {
    const { lines, logger } = logged();
    logger.error({ error: { password: 'hunter2' } }, 'failed');
    expect(lines[0]).toMatchObject({ error: { type: 'object' } });
    expect(JSON.stringify(lines)).not.toContain('hunter2');
  });
});

describe('the level of the log', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('is another for a while, and then what it was', () => {
    const { lines, logger } = logged();
    const level = new LogLevel(logger);
    level.set({ level: 'debug', forSeconds: 60 });
    logger.debug('heard');
    jest.advanceTimersByTime(59_999);
    expect(level.now).toBe('debug');
    jest.advanceTimersByTime(1);
    logger.debug('not heard');
    expect(level.now).toBe('info');
    expect(lines.map(({ message }) => message)).toEqual(['log_level_changed', 'heard', 'log_level_restored']);
  });

  it('goes back to the usual one when it was changed twice', () => {
    const level = new LogLevel(logged().logger);
    level.set({ level: 'debug', forSeconds: 60 });
    level.set({ level: 'trace', forSeconds: 100 });
    jest.advanceTimersByTime(60_000);
    expect(level.now).toBe('trace');
    jest.advanceTimersByTime(40_000);
    expect(level.now).toBe('info');
  });

  it.each([
    [{ level: 'debug' }, { level: 'debug', forSeconds: 600 }],
    [
      { level: 'error', forSeconds: 5 },
      { level: 'error', forSeconds: 5 },
    ],
    [{ level: 'loud' }, 'level must be one of trace, debug, info, warn, error, fatal'],
    [{ level: 'debug', forSeconds: 0 }, 'forSeconds must be a whole number from 1 to 86400'],
    [{ level: 'debug', forSeconds: '60' }, 'forSeconds must be a whole number from 1 to 86400'],
    [undefined, 'level must be one of trace, debug, info, warn, error, fatal'],
  ])('%j is asked for: %j', (body, expected) => {
    expect(parseLevelRequest(body)).toEqual(expected);
  });

  it.each([
    ['127.0.0.1', {}, true],
    ['127.8.0.1', {}, true],
    ['::1', {}, true],
    ['::ffff:127.0.0.1', {}, true],
    ['10.0.0.7', {}, false],
    ['::ffff:10.0.0.7', {}, false],
    ['1270.0.0.1', {}, false],
    ['127.0.0.1', { 'x-forwarded-for': '203.0.113.5' }, false],
    ['127.0.0.1', { forwarded: 'for=203.0.113.5' }, false],
  ])('asked by %s with %j: %j', (remoteAddress, headers, expected) => {
    expect(isFromThisMachine({ socket: { remoteAddress } as never, headers })).toBe(expected);
  });
});
