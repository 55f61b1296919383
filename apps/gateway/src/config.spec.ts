import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConfigError } from '@tillstream/config';
import { loadGatewayConfig } from './config';

const STREAM_FILE = `
stream: shop
partitions: 2
key: [user]
eventTime: {field: at, outOfOrderness: 10s}
fields:
  user: {type: string}
  at:   {type: timestamp}
metrics: {}
`;

describe('the configuration of the gateway', () => {
  let directory: string;
  let file: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'gateway-config-'));
    file = join(directory, 'shop.yaml');
    writeFileSync(file, STREAM_FILE);
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const problemsOf = (environment: Record<string, string>): readonly string[] => {
    try {
      loadGatewayConfig(environment);
      return [];
    } catch (error) {
      return (error as ConfigError).problems;
    }
  };

  it('has write keys, unless it is said that there are none', () => {
    const environment = { KAFKA_BROKERS: 'k:9092', STREAM_FILES: file };
    expect(problemsOf(environment)).toEqual(['TILLSTREAM_WRITE_KEYS or TILLSTREAM_WRITE_KEYS_FILE must be set']);
    expect(loadGatewayConfig({ ...environment, TILLSTREAM_WRITE_KEYS: 'none' }).keys.entries).toBeNull();
  });

  it('knows the streams that its keys name', () => {
    const environment = { KAFKA_BROKERS: 'k:9092', STREAM_FILES: file, TILLSTREAM_WRITE_KEYS: 'a-good-key:shop|shp' };
    expect(problemsOf(environment)).toEqual(['TILLSTREAM_WRITE_KEYS key 1 names shp, which no stream file declares']);
  });

  it('takes nothing that could not hold one body', () => {
    const environment = { KAFKA_BROKERS: 'k:9092', STREAM_FILES: file, TILLSTREAM_WRITE_KEYS: 'none' };
    expect(problemsOf({ ...environment, TILLSTREAM_MAX_IN_FLIGHT_BYTES: '1000' })).toEqual([
      'TILLSTREAM_MAX_IN_FLIGHT_BYTES must be a whole number of at least 8388608, not "1000"',
    ]);
  });

  it('names every problem of its stream files', () => {
    writeFileSync(join(directory, 'broken.yaml'), 'stream: shop\npartitions: none\n');
    const files = `${join(directory, 'broken.yaml')},${join(directory, 'missing.yaml')}`;
    const problems = problemsOf({ KAFKA_BROKERS: 'k:9092', STREAM_FILES: files, TILLSTREAM_WRITE_KEYS: 'none' });
    expect(problems.join('\n')).toMatch(/broken\.yaml:2:13: partitions: /);
    expect(problems.join('\n')).toMatch(/missing\.yaml/);
  });
});
