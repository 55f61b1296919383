import type { CheckpointStore } from '@tillstream/engine';

/** The same store, whose failures are counted before whoever asked it deals with them. */
export function countedStore(store: CheckpointStore, failed: () => void): CheckpointStore {
  const counted = <T>(answer: Promise<T>): Promise<T> =>
    answer.catch((error: unknown) => {
      failed();
      throw error;
    });
  async function* countedAll<T>(answers: AsyncIterable<T>): AsyncGenerator<T> {
    const iterator = answers[Symbol.asyncIterator]();
    for (let next = await counted(iterator.next()); next.done !== true; next = await counted(iterator.next())) {
      yield next.value;
    }
  }
  return {
    claim: (task, token) => counted(store.claim(task, token)),
    create: (task, token, checkpoint) => counted(store.create(task, token, checkpoint)),
    load: (task, next) => countedAll(store.load(task, next)),
    loadFields: (task) => countedAll(store.loadFields(task)),
    readField: (task, field) => counted(store.readField(task, field)),
    commit: (task, commit) => counted(store.commit(task, commit)),
    countAttempt: (task, next) => counted(store.countAttempt(task, next)),
  };
}
