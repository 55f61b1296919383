import { SinkOvertakenError, SinkUnavailableError } from '@tillstream/engine';
import { eventLog, sinkStream, sortedIds } from '@tillstream/engine/testing';

import { DirectoryObjectStore } from '../store/directory-object-store';
import { LakeUnderTest } from '../testing/lake-under-test';

const definition = sinkStream();
const log = eventLog(definition, 0, 12);
const refuseNothing = (): Promise<void> => Promise.reject(new Error('the lake takes every row'));

let lake: LakeUnderTest;

/** A commit is made, and who made it is not told. */
function loseAnswersOfCommits(): { mockRestore(): void } {
  const { putIfAbsent } = DirectoryObjectStore.prototype;
  return jest.spyOn(DirectoryObjectStore.prototype, 'putIfAbsent').mockImplementation(async function (
    this: DirectoryObjectStore,
    path,
    content,
  ) {
    const done = await putIfAbsent.call(this, path, content);
    if (path.includes('_delta_log')) throw new SinkUnavailableError('the answer was lost');
    return done;
  });
}

beforeEach(async () => {
  lake = await LakeUnderTest.create(definition);
});

afterEach(async () => {
  jest.restoreAllMocks();
  await lake.close();
});

it('keeps what it had stored without knowing it, though others have gone on from there meanwhile', async () => {
  const [one, other] = [lake.connect(), lake.connect()];
  const partition = await one.open('events', 0, log.tables);
  await partition.add(log.portion(0, 6));
  const put = loseAnswersOfCommits();
  await expect(partition.flush(refuseNothing)).rejects.toThrow(SinkUnavailableError);
  put.mockRestore();

  const next = await other.open('events', 0, log.tables);
  expect(next.next).toBe(6);
  await next.add(log.portion(6, 12));
  await next.flush(refuseNothing);

  await expect(partition.flush(refuseNothing)).rejects.toThrow(SinkOvertakenError);
  const rows = await lake.query('events', `SELECT concat_ws('|', _partition, _offset, _index) AS id FROM events`);
  expect(sortedIds(rows.map(({ id }) => ({ table: 'events', id: id as string })))).toEqual(log.ids(12));
  await Promise.all([one.close(), other.close()]);
});
