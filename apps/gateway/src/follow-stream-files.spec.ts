import { setImmediate } from 'node:timers/promises';
import { encodeDefinition, type StreamDefinition } from '@tillstream/contracts';
import { definitionFrom, smallDefinition, smallStreamFile } from '@tillstream/contracts/testing';
import type { LogReader, LogRecord } from '@tillstream/engine';
import { createLogger, systemClock } from '@tillstream/nest-runtime';
import { followStreamFile } from './follow-stream-files';

const file = smallDefinition(2);
const changed = definitionFrom(smallStreamFile(2).replace('hop: 5s', 'hop: 10s'));

describe('following the stream file in force', () => {
  let records: LogRecord[];
  let taken: StreamDefinition[];
  let stopping: AbortController;
  let failures: number;
  let following: Promise<void>;
  const lines: string[] = [];

  const reader: Pick<LogReader, 'begin' | 'end' | 'read'> = {
    begin: () => Promise.resolve(0),
    end: () => Promise.resolve(records.length),
    read: async (_topic, _partition, offset) => {
      await setImmediate();
      if (failures-- > 0) throw new Error('no broker answers');
      return records.slice(offset);
    },
  };

  function putLive(definition: StreamDefinition): void {
    const { key, value } = encodeDefinition(definition);
    records.push({ key, value, offset: records.length, timestampMs: 0, headers: {} });
  }

  function follow(): void {
    const ports = {
      reader: reader as LogReader,
      clock: { ...systemClock, sleep: () => setImmediate() },
      logger: createLogger('gateway', 'info', { write: (line) => void lines.push(line) }),
    };
    following = followStreamFile(file, ports, (definition) => taken.push(definition), stopping.signal);
  }

  async function until(done: () => boolean): Promise<void> {
    while (!done()) await setImmediate();
  }

  beforeEach(() => {
    [records, taken, stopping, failures] = [[], [], new AbortController(), 0];
    lines.length = 0;
  });
  afterEach(async () => {
    stopping.abort();
    await following;
  });

  it('takes what was put live before it started', async () => {
    putLive(file);
    putLive(changed);
    follow();
    await until(() => taken.length > 0);
    expect(taken.map(({ sha256 }) => sha256)).toEqual([changed.sha256]);
  });

  it('takes what is put live later, and nothing twice', async () => {
    putLive(file);
    follow();
    await setImmediate();
    putLive(changed);
    await until(() => taken.length === 1);
    putLive(changed);
    putLive(file);
    await until(() => taken.length === 2);
    expect(taken.map(({ sha256 }) => sha256)).toEqual([changed.sha256, file.sha256]);
  });

  it('goes on when the log cannot be read for a while, and says so', async () => {
    failures = 2;
    putLive(changed);
    follow();
    await until(() => taken.length === 1);
    expect(lines.filter((line) => line.includes('stream_file_not_readable'))).toHaveLength(2);
  });
});
