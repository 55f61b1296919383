import type { CheckpointStore, Commit, CommitOutcome, FieldChanges } from './checkpoint-store';
import { START, TASK, aCommit, sameBytes, text, utf8, type CheckpointStoreUnderTest } from './checkpoint-store.fixture';

/** Changes of fields, with values as text. */
function fieldChanges(puts: Readonly<Record<string, string>>, drops: readonly string[] = []): FieldChanges {
  return {
    puts: Object.entries(puts).map(([field, value]) => ({ field: utf8.encode(field), bytes: utf8.encode(value) })),
    drops: drops.map((field) => utf8.encode(field)),
  };
}

/** All fields that are loaded. */
async function loadedFields(store: CheckpointStore): Promise<Record<string, string>> {
  const fields: Record<string, string> = {};
  for await (const some of store.loadFields(TASK)) {
    for (const { field, bytes } of some) fields[text.decode(field)] = text.decode(bytes);
  }
  return fields;
}

/** What a CheckpointStore promises of fields, a part of its contract. The store is empty before each test. */
export function describeFields(subjectOf: () => CheckpointStoreUnderTest): void {
  let subject: CheckpointStoreUnderTest;
  let store: CheckpointStore;

  beforeAll(() => {
    subject = subjectOf();
    store = subject.store;
  });

  const outcomeOf = (commit: Commit): Promise<CommitOutcome> => store.commit(TASK, commit);

  it('gives back each field as it was put last', async () => {
    await store.create(TASK, 'a', START);
    await store.commit(TASK, aCommit('a', 10, 20, { fields: fieldChanges({ ann: '1', bob: '1' }) }));
    await store.commit(TASK, aCommit('a', 20, 30, { fields: fieldChanges({ bob: '2', cy: '2' }) }));
    await store.commit(TASK, aCommit('a', 30, 40));
    expect(await loadedFields(store)).toEqual({ ann: '1', bob: '2', cy: '2' });
  });

  it('forgets fields that are dropped, and takes them again', async () => {
    await store.create(TASK, 'a', START);
    await store.commit(TASK, aCommit('a', 10, 20, { fields: fieldChanges({ ann: '1', bob: '1' }) }));
    await store.commit(TASK, aCommit('a', 20, 30, { fields: fieldChanges({}, ['ann', 'never-there']) }));
    expect(await loadedFields(store)).toEqual({ bob: '1' });
    await store.commit(TASK, aCommit('a', 30, 40, { fields: fieldChanges({ ann: '3' }, ['bob']) }));
    expect(await loadedFields(store)).toEqual({ ann: '3' });
  });

  it('keeps thousands of fields, of any bytes and sizes', async () => {
    const puts = Array.from({ length: 3_000 }, (_, i) => ({
      field: new Uint8Array([i >> 8, i & 255, 0, 255]),
      bytes: new Uint8Array(i % 1_000 === 7 ? 300_000 : i % 50).fill(i % 256),
    }));
    await store.create(TASK, 'a', START);
    expect(await outcomeOf(aCommit('a', 10, 20, { fields: { puts, drops: [] } }))).toBe('committed');
    const missing = new Map(puts.map((put) => [put.field.join(), put.bytes]));
    for await (const some of store.loadFields(TASK)) {
      for (const { field, bytes } of some) {
        const name = [...field].join();
        if (sameBytes(missing.get(name), bytes)) missing.delete(name);
      }
    }
    expect(missing.size).toBe(0);
    await store.commit(TASK, aCommit('a', 20, 30, { fields: { puts: [], drops: puts.map(({ field }) => field) } }));
    expect(await loadedFields(store)).toEqual({});
  });

  it('reads one field with the position and state it belongs to, for anybody', async () => {
    const readAnn = async (): Promise<unknown> => {
      const read = await store.readField(TASK, utf8.encode('ann'));
      return read && { ...read, state: text.decode(read.state), bytes: read.bytes && text.decode(read.bytes) };
    };
    expect(await readAnn()).toBeNull();
    await store.create(TASK, 'a', START);
    expect(await readAnn()).toEqual({ next: 10, state: 'start', bytes: null });
    await store.commit(TASK, aCommit('a', 10, 20, { fields: fieldChanges({ ann: '1', bob: '1' }) }));
    expect(await readAnn()).toEqual({ next: 20, state: 'at 20', bytes: '1' });
    expect(await outcomeOf(aCommit('a', 20, 30, { fields: fieldChanges({}, ['ann']) }))).toBe('committed');
    expect(await readAnn()).toEqual({ next: 30, state: 'at 30', bytes: null });
  });

  it('keeps the fields of tasks apart', async () => {
    await store.create(TASK, 'a', START);
    await store.create('aggregator:commerce:4', 'a', START);
    await store.commit(TASK, aCommit('a', 10, 20, { fields: fieldChanges({ ann: '1' }) }));
    expect(await store.readField('aggregator:commerce:4', utf8.encode('ann'))).toMatchObject({ bytes: null });
  });

  it('does not change a field when the caller reuses its buffers', async () => {
    const fields = fieldChanges({ ann: 'before' });
    await store.create(TASK, 'a', START);
    await store.commit(TASK, aCommit('a', 10, 20, { fields }));
    for (const { field, bytes } of fields.puts) {
      field.fill(0);
      bytes.fill(0);
    }
    expect(await loadedFields(store)).toEqual({ ann: 'before' });
  });

  it('mine-already: writes the fields of a commit that was sent twice as once, and drops what it drops', async () => {
    await store.create(TASK, 'a', START);
    await store.commit(TASK, aCommit('a', 10, 20, { fields: fieldChanges({ ann: '1' }) }));
    const commit = aCommit('a', 20, 30, { fields: fieldChanges({ bob: '2' }, ['ann']) });
    expect(await outcomeOf(commit)).toBe('committed');
    expect(await outcomeOf(commit)).toBe('mine-already');
    expect(await loadedFields(store)).toEqual({ bob: '2' });
  });

  it('touches no field for a commit that is refused', async () => {
    const changes = fieldChanges({ ann: 'zombie', cy: 'zombie' }, ['bob']);
    await store.create(TASK, 'a', START);
    const restore = await subject.snapshot();
    await store.commit(TASK, aCommit('a', 10, 20, { fields: fieldChanges({ ann: '1', bob: '1' }) }));
    await store.claim(TASK, 'b');
    expect(await outcomeOf(aCommit('a', 20, 30, { fields: changes }))).toBe('not-mine');
    expect(await outcomeOf(aCommit('b', 25, 30, { fields: changes }))).toBe('rolled-back');
    expect(await loadedFields(store)).toEqual({ ann: '1', bob: '1' });
    await restore();
    expect(await outcomeOf(aCommit('a', 20, 30, { fields: changes }))).toBe('rolled-back');
    expect(await loadedFields(store)).toEqual({});
    await subject.lose();
    expect(await outcomeOf(aCommit('a', 20, 30, { fields: changes }))).toBe('never-seen');
    expect(await loadedFields(store)).toEqual({});
  });

  it('begins without fields when it is created afresh', async () => {
    await store.create(TASK, 'a', START);
    await store.commit(TASK, aCommit('a', 10, 20, { fields: fieldChanges({ ann: '1' }) }));
    await subject.lose();
    await store.create(TASK, 'b', { ...START, inc: 'inc-2' });
    expect(await loadedFields(store)).toEqual({});
  });
}
