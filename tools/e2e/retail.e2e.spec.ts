import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { agreesWith } from './plain-oracle';
import { Platform } from './platform';
import { replay } from './through-gateway';
import { till } from './till';

const DATA = process.env['TILLSTREAM_DATA'] ?? '../shared/data';
const FILE = join(DATA, 'retail/online_retail_by-time.csv.gz');
const ORACLE = 'tools/oracle/retail-oracle.mjs';
const LINES = 541_909;

const there = existsSync(FILE);
if (!there)
  process.stderr.write(`skipped: there is no ${FILE}; TILLSTREAM_DATA names the directory of the real data\n`);

(there ? describe : describe.skip)('a year of a real shop’s invoices, cancellations among them', () => {
  const platform = new Platform(() => readFileSync('deploy/streams/retail.yaml', 'utf8'));

  beforeAll(async () => {
    await platform.createTopics();
    await platform.startAll();
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  it('gives every window of every metric as a plain script computes them from the file', async () => {
    const said = await replay(platform, 'retail', FILE, '--speed', 'max', '--finish', '--stream', platform.stream);
    expect(said).toContain(`${LINES} events in`);
    expect(said).toContain(`${LINES} accepted`);
    await agreesWith(platform, ORACLE, [FILE]);
  }, 480_000);

  it('gives the finals of a week again from the raw log, byte for byte', async () => {
    const week = ['--from', '2011-11-24T00:00:00Z', '--to', '2011-12-01T00:00:00Z'];
    const { code, stdout } = await till(platform, 'verify', ...week);
    expect(stdout).toContain('every one is what raw gives');
    expect(code).toBe(0);
  }, 240_000);
});
