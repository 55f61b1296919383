import {
  ImmediateTurn,
  MemoryCheckpointStore,
  MemoryStoreData,
  describeCheckpointStore,
} from '@tillstream/engine/testing';
import { countedStore } from './counted-store';

describeCheckpointStore('a store that is counted', () => {
  const data = new MemoryStoreData();
  const store = new MemoryCheckpointStore(data, new ImmediateTurn(() => 0));
  return Promise.resolve({
    store: countedStore(store, () => undefined),
    lose: () => Promise.resolve(data.flushAll()),
    snapshot: () => {
      const kept = data.snapshot();
      return Promise.resolve(() => Promise.resolve(data.rollBack(kept)));
    },
    close: () => Promise.resolve(),
  });
});

const aStore = () => new MemoryCheckpointStore(new MemoryStoreData(), new ImmediateTurn(() => 0));

describe('a store whose failures are counted', () => {
  it('counts what fails, and fails with it', async () => {
    let failures = 0;
    const away = (): never => {
      throw new Error('away');
    };
    const inner = aStore();
    jest.spyOn(inner, 'commit').mockRejectedValue(new Error('away'));
    jest
      .spyOn(inner, 'load')
      .mockReturnValue({ [Symbol.asyncIterator]: () => ({ next: async () => away() }) } as never);
    const store = countedStore(inner, () => (failures += 1));
    await expect(store.commit('task', {} as never)).rejects.toThrow('away');
    await expect(async () => {
      for await (const _delta of store.load('task', 0));
    }).rejects.toThrow('away');
    expect(failures).toBe(2);
  });
});
