import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LogRecord } from '@tillstream/engine';
import { lostEvents } from './acknowledged';
import { mistakesIn } from './logs';
import { swollen } from './memory';

const record = (value: string): LogRecord => ({
  offset: 0,
  timestampMs: 0,
  key: null,
  value: new TextEncoder().encode(value),
  headers: {},
});

describe('what is checked after a run', () => {
  it('names an acknowledged event that the log does not hold', () => {
    const raw = [[record('{"event_id":"a"}'), record('[{"event_id":"b"},{"event_id":"c"}]')], [record('42')]];
    expect(lostEvents(new Map([['http', ['a', 'b', 'c', 'b']]]), raw)).toEqual([]);
    expect(lostEvents(new Map([['grpc', ['c', 'd']]]), raw)).toEqual(['acknowledged over grpc and lost: d']);
  });

  it('names a process that holds more than a fresh one', () => {
    const slots = [
      { name: 'enricher-1', service: 'enricher' as const },
      { name: 'enricher-2', service: 'enricher' as const },
    ];
    const mib = 1024 * 1024;
    const before = new Map([['enricher-1', 20 * mib]]);
    const after = new Map([
      ['enricher-1', 30 * mib],
      ['enricher-2', 90 * mib],
    ]);
    expect(swollen(slots, before, after)).toEqual(['enricher-2 holds 90.0 MiB; a fresh one holds 20.0 MiB']);
  });

  it.each([
    ['{"level":"fatal","message":"unhandled_rejection"}', true],
    ['(node:1) MaxListenersExceededWarning: Possible EventEmitter memory leak detected', true],
    ['{"level":"warn","err":{"type":"TypeError","message":"x is undefined"}}', true],
    ['{"level":"warn","err":{"type":"KafkaJSConnectionError","message":"Connection refused"}}', false],
    ['{"level":"warn","message":"task_restarts","cause":"Error: Command timed out"}', false],
  ])('looks for mistakes in the logs: %s', (line, isMistake) => {
    const directory = mkdtempSync(join(tmpdir(), 'tillstream-logs-'));
    const logFile = join(directory, 'enricher-1.log');
    writeFileSync(logFile, `{"level":"info","message":"started"}\n${line}\n`);
    const said = mistakesIn([{ name: 'enricher-1', logFile, unexplainedEnds: [] }]);
    rmSync(directory, { recursive: true });
    expect(said).toEqual(isMistake ? [`enricher-1 says: ${line}`] : []);
  });
});
