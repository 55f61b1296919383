import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULTS } from './faults';
import { planOf } from './plan';
import { run } from './run';

const SEED = 20_261;
/** Zombies, crashes in the middle of everything, a broker and a store that die, and answers that get lost. */
const MOST_TELLING = [
  'aggregator-zombie',
  'enricher-killed',
  'gateway-killed',
  'broker-killed',
  'broker-link-answers-lost',
  'store-emptied',
];

describe('the real line, while everything breaks', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tillstream-chaos-'));

  it(`gives the right answers all the same (seed ${SEED}); \`npm run chaos\` has many more runs`, async () => {
    const chosen = FAULTS.filter(({ name }) => MOST_TELLING.includes(name));
    const lines: string[] = [];
    const { problems, acknowledged, finals } = await run(planOf(SEED, FAULTS, chosen), {
      directory,
      services: join(process.cwd(), 'dist/apps'),
      say: (line) => lines.push(line),
    });
    if (problems.length > 0) throw new Error(`${[...lines, ...problems].join('\n')}\nlogs and topics: ${directory}`);
    expect(acknowledged).toBeGreaterThan(100);
    expect(finals).toBeGreaterThan(0);
    rmSync(directory, { recursive: true, force: true });
  }, 600_000);
});
