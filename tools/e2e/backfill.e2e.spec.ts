import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SeededRandom } from '@tillstream/engine/testing';
import { Workload } from '../simulate/workload';
import { Platform, until } from './platform';
import { startTill, till } from './till';

const SEED = 20_270;
const DELIVERIES = 300;
const START_MS = Date.now() - 2 * 3_600_000;
/** Behind all events: every window that holds one is closed by then. */
const END_MS = START_MS + 5_400_000;
/** A metric of each kind, and the name under which it is declared once more: merged over partitions, and local. */
const COPIES = [
  ['revenue_by_category', 'revenue_again'],
  ['high_value_users', 'high_value_again'],
] as const;

/** A stream file with the metrics once more under other names. */
function withCopies(text: string): string {
  const lines = text.split('\n');
  return COPIES.reduce((changed, [name, copy]) => {
    const from = lines.indexOf(`  ${name}:`);
    const to = lines.findIndex((line, index) => index > from && /^ {0,2}\S/.test(line));
    const block = lines.slice(from + 1, to < 0 ? lines.length : to).join('\n');
    return changed.replace(/^metrics:$/m, `metrics:\n  ${copy}:\n${block}`);
  }, text);
}

/** Records in the metrics topic. */
async function toldBy({ definition, reader }: Platform): Promise<number> {
  const partitions = [...Array(definition.schema.partitions).keys()];
  const ends = await Promise.all(partitions.map((partition) => reader.end(definition.topics.metrics, partition)));
  return ends.reduce((sum, end) => sum + end, 0);
}

describe('a metric that is put live and filled up from raw', () => {
  const platform = new Platform();
  const changed = join(platform.directory, 'changed.yaml');
  const workload = new Workload(new SeededRandom(SEED), {
    partitions: platform.definition.schema.partitions,
    ...{ users: 30, startMs: START_MS, spacingMs: 1_500, disorderMs: 5_000 },
    ...{ late: 0.03, duplicates: 0.05, bad: 0.02, misplaced: 0.05 },
  });

  beforeAll(async () => {
    writeFileSync(changed, withCopies(readFileSync(platform.streamFile, 'utf8')));
    await platform.createTopics();
    await platform.startAll(['enricher', 'aggregator', 'aggregator', 'query-api']);
  }, 120_000);

  afterAll(() => platform.stop(), 60_000);

  async function shop(deliveries: number): Promise<void> {
    const { raw } = platform.definition.topics;
    for (let sent = 0; sent < deliveries; sent += 1) {
      for (const { partition, records } of workload.next(START_MS + 3_600_000)) {
        await platform.writer.append(raw, partition, records);
      }
    }
  }

  const changedTill = (...args: string[]) => startTill(platform, [...args, '--stream', platform.stream], changed);

  it('has the finals that it would have had if it had been declared all the time', async () => {
    await shop(DELIVERIES);
    expect(await startTill(platform, ['apply', changed], changed).outcome).toMatchObject({ code: 0 });

    for (const [, copy] of COPIES) {
      const told = await toldBy(platform);
      const killed = changedTill('backfill', copy, '--from', 'earliest');
      await until('the first finals', 30_000, async () => (await toldBy(platform)) > told);
      killed.kill();
      await killed.outcome;
      const open = await changedTill('backfill', copy, '--from', 'earliest', '--no-wait', '--json').outcome;
      expect(open).toMatchObject({ code: 3, stderr: expect.stringContaining('waiting for windows') });
      expect(JSON.parse(open.stdout)).toMatchObject({ done: false, awaited: { kind: 'open windows' } });
    }
    const waiting = COPIES.map(([, copy]) => changedTill('backfill', copy, '--from', 'earliest', '--json').outcome);
    await shop(DELIVERIES / 3);
    await platform.advance(END_MS);
    for (const { code, stdout, stderr } of await Promise.all(waiting)) {
      expect({ code, stderr }).toMatchObject({ code: 0 });
      const report = JSON.parse(stdout) as { done: boolean; published: number; standing: number };
      expect(report).toMatchObject({ done: true, completeFrom: null });
      expect(report.published + report.standing).toBeGreaterThan(0);
    }

    const verified = await changedTill('verify').outcome;
    expect(verified).toMatchObject({ code: 0, stdout: expect.stringContaining('every one is what raw gives') });
    for (const [name, copy] of COPIES) {
      await until(`${copy} to be shown as complete`, 30_000, async () => {
        const { stdout } = await till(platform, 'query', 'metrics', '--json');
        const metrics = stdout.split('\n').filter((line) => line !== '');
        const shown = metrics.map((line) => JSON.parse(line) as { metric: string; complete_from: string | null });
        return shown.some(({ metric, complete_from: from }) => metric === copy && from === null);
      });
      const compared = await till(platform, 'diff', name, copy);
      expect(compared).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/All [\d,]+ groups of windows are equal/),
      });
      expect(compared.stdout).not.toContain('All 0 groups');
      const again = await changedTill('backfill', copy, '--from', 'earliest').outcome;
      expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('0 finals') });
    }
  }, 240_000);
});
