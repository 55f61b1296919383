import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { leaveBehind } from './leave-behind';
import { readLegacy } from './legacy';
import { takeOver } from './takeover';

const RECORDED = join(__dirname, 'recorded');

describe('a platform that goes on where another was killed', () => {
  it.each(readdirSync(RECORDED))('says in the end what the raw log says, after a version before: %s', async (name) => {
    const { problems, compared } = await takeOver(readLegacy(join(RECORDED, name)), 1);
    expect(problems).toEqual([]);
    expect(compared).toBeGreaterThan(500);
  });

  it('notices a checkpoint that is not what it says it is', async () => {
    const legacy = await leaveBehind(3);
    for (const stored of legacy.checkpoints.values()) stored.slices.clear();
    const { problems } = await takeOver(legacy, 3);
    expect(problems).not.toEqual([]);
  });
});
