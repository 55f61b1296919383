import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigError } from '@tillstream/config';
import { loadConnectorConfig } from './config';

const FILE = `
stream: edits
partitions: 2
key: [user]
id: {field: id}
eventTime: {field: at, outOfOrderness: 10s}
fields:
  id:   {type: string}
  user: {type: string}
  at:   {type: timestamp}
`;

describe('the configuration of a connector', () => {
  const directory = mkdtempSync(join(tmpdir(), 'connector-config-'));
  const file = join(directory, 'edits.yaml');
  const withoutId = join(directory, 'without-id.yaml');
  writeFileSync(file, FILE);
  writeFileSync(withoutId, FILE.replace('stream: edits', 'stream: views').replace('id: {field: id}\n', ''));
  afterAll(() => rmSync(directory, { recursive: true }));

  const needed = {
    STREAM_FILES: `${file},${withoutId}`,
    CONNECTOR_SOURCE_URL: 'https://stream.example/v2/stream/recentchange',
    CONNECTOR_STREAM: 'edits',
    CONNECTOR_POSITION_FILE: '/data/position.json',
  };
  const problemsOf = (environment: Record<string, string>): readonly string[] => {
    try {
      loadConnectorConfig(environment);
      return [];
    } catch (error) {
      return (error as ConfigError).problems;
    }
  };

  it('needs a source, a stream, and a place for its position', () => {
    expect(problemsOf({})).toEqual(
      ['STREAM_FILES', 'CONNECTOR_SOURCE_URL', 'CONNECTOR_STREAM', 'CONNECTOR_POSITION_FILE'].map(
        (name) => `${name} must be set`,
      ),
    );
    expect(loadConnectorConfig(needed)).toMatchObject({
      stream: 'edits',
      source: { since: null, stallMs: 60_000 },
      retry: { firstMs: 1_000, mostMs: 60_000 },
      gateway: { url: new URL('http://127.0.0.1:8080'), key: null },
    });
  });

  it('names everything that is wrong at once', () => {
    const wrong = { CONNECTOR_SOURCE_URL: 'stream', CONNECTOR_STALL_TIMEOUT: 'long', CONNECTOR_MAX_QUEUED_BYTES: '5' };
    expect(problemsOf({ ...needed, ...wrong, CONNECTOR_SINSE: '2026' })).toEqual([
      'CONNECTOR_SOURCE_URL must be a URL that begins with http:// or https://',
      'CONNECTOR_STALL_TIMEOUT must be a duration like 250ms, 10s or 5m, not "long"',
      'CONNECTOR_MAX_QUEUED_BYTES must be a whole number of at least 1048576, not "5"',
      'CONNECTOR_SINSE is not known; did you mean CONNECTOR_SINCE?',
    ]);
    expect(problemsOf({ ...needed, CONNECTOR_SINCE: 'yesterday' })).toEqual([
      'CONNECTOR_SINCE must be a time such as 2026-11-21T00:00:00Z, not "yesterday"',
    ]);
  });

  it('takes only a stream that tells events apart', () => {
    expect(problemsOf({ ...needed, CONNECTOR_STREAM: 'edit' })).toEqual([
      'CONNECTOR_STREAM names edit, which no stream file declares',
    ]);
    expect(problemsOf({ ...needed, CONNECTOR_STREAM: 'views' })).toEqual([
      'CONNECTOR_STREAM names views, which has no id: events that come again after a connection broke would count twice',
    ]);
  });
});
