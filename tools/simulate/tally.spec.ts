import { Tally } from './tally';

describe('the tally of a run of lives', () => {
  it('adds up what the lives went through, the most frequent fault first', () => {
    const tally = new Tally();
    const life = { seed: 1, problems: [], steps: 5, simulatedMs: 3_600_000, rawRecords: 7 };
    tally.add({ ...life, faults: { 'store: emptied': 1, 'append: slow': 2 } });
    tally.add({ ...life, faults: { 'append: slow': 3 } });
    expect(tally.report().split('\n')).toEqual([
      '14 raw records, 10 steps, 2 simulated hours, 6 faults of 2 kinds:',
      '        5  append: slow',
      '        1  store: emptied',
    ]);
    expect(tally.pace(4, 1)).toBe('0.5 a second, 2.0 a CPU-second');
  });
});
