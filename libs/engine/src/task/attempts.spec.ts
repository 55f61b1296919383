import { ImmediateTurn } from '../memory/immediate-turn';
import { MemoryCheckpointStore, MemoryStoreData } from '../memory/memory-checkpoint-store';
import { Attempts } from './attempts';

const RECORDS = Array.from({ length: 30 }, (_, offset) => offset);

/** Lives of one task over the same records, each with what it is told to do with a record. */
class Lives {
  private readonly store = new MemoryCheckpointStore(new MemoryStoreData(), new ImmediateTurn(() => 0));
  next = 0;

  /** @returns how the life ended: not at all, by its own exception, stopped, or killed in the middle of a record */
  async live(
    apply: (record: number) => 'applied' | 'known' | 'throws' | 'dies',
    afterwards: () => void = () => undefined,
  ): Promise<string> {
    const attempts = new Attempts(this.store, 'task');
    let next = this.next;
    try {
      for await (const portion of attempts.portions(RECORDS, () => next)) {
        const at = next;
        for (const record of portion) {
          const fate = await attempts.guard(at, () => {
            const what = apply(record);
            if (what === 'throws') throw new Error('poison');
            return what;
          });
          if (fate === 'dies') return 'killed';
          if (fate === 'applied') next = Math.max(next, record + 1);
        }
        await attempts.survived(next);
        afterwards();
        this.next = next;
      }
      return 'done';
    } catch (error) {
      return (error as Error).name;
    }
  }
}

describe('attempts', () => {
  it('stop a partition before the fourth try of what throws, at that very record', async () => {
    const lives = new Lives();
    const poison = (record: number) => (record === 7 ? 'throws' : 'applied');
    const ends = [];
    for (let i = 0; i < 5; i += 1) ends.push(await lives.live(poison));
    expect(ends).toEqual(['Error', 'Error', 'Error', 'Error', 'StopPartitionError']);
    expect(lives.next).toBe(7);
  });

  it('stop a partition at what nine processes have died of', async () => {
    const lives = new Lives();
    const deadly = (record: number) => (record === 7 ? 'dies' : 'applied');
    const ends = [];
    for (let i = 0; i < 15; i += 1) ends.push(await lives.live(deadly));
    // The first life does not know yet at which record it dies.
    expect(ends.indexOf('StopPartitionError')).toBe(10);
    expect(new Set(ends)).toEqual(new Set(['killed', 'StopPartitionError']));
    expect(lives.next).toBe(7);
  });

  it('count nobody who dies over what comes afterwards, however often', async () => {
    const lives = new Lives();
    const fail = (): void => {
      throw new TypeError('the log does not answer');
    };
    expect(await lives.live(() => 'throws')).toBe('Error');
    for (let i = 0; i < 30; i += 1) expect(await lives.live(() => 'applied', fail)).toBe('TypeError');
    expect(await lives.live(() => 'applied')).toBe('done');
  });

  it('do not count records that are known already, one by one, nor lives that had no others', async () => {
    const lives = new Lives();
    expect(await lives.live(() => 'throws')).toBe('Error');
    for (let i = 0; i < 30; i += 1) expect(await lives.live(() => 'known')).toBe('done');
  });
});
