import type { OracleRecord } from '../oracle/raw-oracle';
import { expectedOutcome } from '../oracle/raw-oracle';
import { plainCommerce } from '../oracle/commerce-definition';
import { partitionOfKey } from '../oracle/raw/murmur2';
import { compareMisplaced } from './misplaced';

const PARTITIONS = 2;
const AT_MS = Date.UTC(2026, 0, 5, 12);
const utf8 = new TextEncoder();

/** An event of a user that lives in partition 1. */
function stranger(id: string): string {
  let user = 0;
  while (partitionOfKey(`u${user}`, PARTITIONS) !== 1) user += 1;
  return JSON.stringify({
    event_id: id,
    event_type: 'search',
    timestamp: new Date(AT_MS).toISOString(),
    user_id: `u${user}`,
  });
}

function record(offset: number, text: string, rerouted?: string): OracleRecord {
  const headers = rerouted === undefined ? {} : { 'tillstream-rerouted': utf8.encode(rerouted) };
  return { offset, appendMs: AT_MS, value: utf8.encode(text), headers };
}

function problems(home: readonly OracleRecord[], right: readonly OracleRecord[]): readonly string[] {
  const raw = [home, right];
  return compareMisplaced(expectedOutcome({ ...plainCommerce, partitions: PARTITIONS }, raw), raw);
}

describe('rows that stand in the wrong partition', () => {
  const home = [record(0, `[${stranger('a')},${stranger('b')}]`)];
  const both = `[${stranger('a')},${stranger('b')}]`;

  it('may be brought to the right one more than once, as each is taken once', () => {
    expect(problems(home, [record(0, both, '0|0|1|0 0')])).toEqual([]);
    expect(problems(home, [record(0, both, '0|0|1|0 0'), record(1, both, '0|0|1|0 0')])).toEqual([]);
  });

  it('must all arrive', () => {
    expect(problems(home, [])).toHaveLength(2);
    expect(problems(home, [record(0, `[${stranger('a')}]`, '0|0|1|0')])).toEqual([
      expect.stringContaining('arrives 0 times instead of 1'),
    ]);
  });

  it('must arrive as they are, and nothing else', () => {
    expect(problems(home, [record(0, `[${stranger('a')},${stranger('c')}]`, '0|0|1|0 0')])).toHaveLength(2);
    expect(problems([], [record(0, `[${stranger('a')}]`, '0|0|1|0')])).toEqual([
      expect.stringContaining('arrives 1 times instead of 0'),
    ]);
  });
});
