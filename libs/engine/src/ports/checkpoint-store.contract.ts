import { describeFields } from './checkpoint-fields.contract';
import type { CheckpointStore, ClaimedCheckpoint, Commit, CommitOutcome, SliceDelta } from './checkpoint-store';
import { START, TASK, aCommit, sameBytes, text, utf8, type CheckpointStoreUnderTest } from './checkpoint-store.fixture';

function aDelta(slice: string, rawFrom: number, rawNext: number, content = `${rawFrom}-${rawNext}`): SliceDelta {
  return { slice, rawFrom, rawNext, bytes: utf8.encode(content) };
}

/** What is loaded, slice by slice, as `content@[rawFrom,rawNext)`. */
async function loaded(store: CheckpointStore, next: number): Promise<Record<string, string[]>> {
  const slices: Record<string, string[]> = {};
  for await (const { slice, rawFrom, rawNext, bytes } of store.load(TASK, next)) {
    (slices[slice] ??= []).push(`${text.decode(bytes)}@[${rawFrom},${rawNext})`);
  }
  return slices;
}

function comparable(checkpoint: ClaimedCheckpoint | null): unknown {
  return checkpoint === null ? null : { ...checkpoint, state: text.decode(checkpoint.state) };
}

/** Every CheckpointStore passes this suite: memory in the unit run, Redis in the integration run. */
export function describeCheckpointStore(name: string, create: () => Promise<CheckpointStoreUnderTest>): void {
  describe(`${name} honours the CheckpointStore contract`, () => {
    let subject: CheckpointStoreUnderTest;
    let store: CheckpointStore;

    beforeAll(async () => {
      subject = await create();
      store = subject.store;
    });
    beforeEach(async () => {
      await subject.lose();
    });
    afterAll(async () => {
      await subject.close();
    });

    const outcomeOf = (commit: Commit): Promise<CommitOutcome> => store.commit(TASK, commit);

    it('knows nothing of a task that was never created', async () => {
      expect(await store.claim(TASK, 'a')).toBeNull();
      expect(await loaded(store, Infinity)).toEqual({});
    });

    it('gives back what a task was created with', async () => {
      expect(await store.create(TASK, 'a', START)).toBe(true);
      expect(comparable(await store.claim(TASK, 'a'))).toEqual(comparable(START));
    });

    it('keeps what is known when another would create it', async () => {
      await store.create(TASK, 'a', START);
      expect(await store.create(TASK, 'b', { ...START, inc: 'inc-2', next: 99 })).toBe(false);
      expect(comparable(await store.claim(TASK, 'c'))).toEqual(comparable(START));
      expect(await outcomeOf(aCommit('c', 10, 20))).toBe('committed');
    });

    it('keeps tasks apart', async () => {
      await store.create(TASK, 'a', START);
      expect(await store.claim('aggregator:commerce:4', 'a')).toBeNull();
      expect(await store.commit('aggregator:commerce:4', aCommit('a', 10, 20))).toBe('never-seen');
    });

    it('moves to where the commit says', async () => {
      await store.create(TASK, 'a', START);
      expect(await outcomeOf(aCommit('a', 10, 20, { seek: 7 }))).toBe('committed');
      expect(comparable(await store.claim(TASK, 'b'))).toEqual({ inc: 'inc-1', next: 20, seek: 7, state: 'at 20' });
    });

    it('takes positions up to 2^53 exactly', async () => {
      const far = Number.MAX_SAFE_INTEGER;
      await store.create(TASK, 'a', { ...START, next: far - 2, seek: far - 3 });
      expect(await outcomeOf(aCommit('a', far - 2, far, { deltas: [aDelta('s1', far - 2, far)] }))).toBe('committed');
      expect(await store.claim(TASK, 'a')).toMatchObject({ next: far, seek: far });
      expect(await loaded(store, far)).toEqual({ s1: [`${far - 2}-${far}@[${far - 2},${far})`] });
    });

    it('loads the deltas of a slice in the order of their commits', async () => {
      await store.create(TASK, 'a', START);
      await store.commit(TASK, aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20), aDelta('s2', 10, 20)] }));
      await store.commit(TASK, aCommit('a', 20, 30, { deltas: [aDelta('s1', 20, 30)] }));
      await store.commit(TASK, aCommit('a', 30, 40, { deltas: [aDelta('s2', 30, 40), aDelta('s1', 30, 40)] }));
      expect(await loaded(store, 40)).toEqual({
        s1: ['10-20@[10,20)', '20-30@[20,30)', '30-40@[30,40)'],
        s2: ['10-20@[10,20)', '30-40@[30,40)'],
      });
    });

    it('gives each slice in one piece', async () => {
      await store.create(TASK, 'a', START);
      for (let next = 11; next < 41; next++) {
        const deltas = ['s1', 's2', 's3'].map((slice) => aDelta(slice, next - 1, next));
        await store.commit(TASK, aCommit('a', next - 1, next, { deltas }));
      }
      const order: string[] = [];
      for await (const { slice } of store.load(TASK, 40)) if (order.at(-1) !== slice) order.push(slice);
      expect(order.sort()).toEqual(['s1', 's2', 's3']);
    });

    it('leaves out deltas beyond the position asked for', async () => {
      await store.create(TASK, 'a', START);
      await store.commit(TASK, aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20)] }));
      await store.commit(TASK, aCommit('a', 20, 30, { deltas: [aDelta('s1', 20, 30)] }));
      expect(await loaded(store, 20)).toEqual({ s1: ['10-20@[10,20)'] });
      expect(await loaded(store, 29)).toEqual({ s1: ['10-20@[10,20)'] });
    });

    it('keeps bytes of any kind, many and none', async () => {
      const large = new Uint8Array(200_000).map((_, i) => i % 256);
      const all = [large, new Uint8Array(0), new Uint8Array([0, 13, 10, 255])];
      await store.create(TASK, 'a', { ...START, state: large });
      expect(sameBytes((await store.claim(TASK, 'a'))?.state, large)).toBe(true);
      for (const [i, bytes] of all.entries()) {
        const deltas = [{ slice: 's1', rawFrom: 10 + i, rawNext: 11 + i, bytes }];
        await store.commit(TASK, aCommit('a', 10 + i, 11 + i, { deltas }));
      }
      const read: Uint8Array[] = [];
      for await (const { bytes } of store.load(TASK, 13)) read.push(bytes);
      expect(read.map((bytes, i) => sameBytes(bytes, all[i]))).toEqual([true, true, true]);
    });

    it('does not change when the caller reuses its buffers', async () => {
      const bytes = utf8.encode('before');
      await store.create(TASK, 'a', START);
      await store.commit(
        TASK,
        aCommit('a', 10, 20, { state: bytes, deltas: [{ slice: 's1', rawFrom: 10, rawNext: 20, bytes }] }),
      );
      bytes.fill(0);
      expect(await loaded(store, 20)).toEqual({ s1: ['before@[10,20)'] });
      expect(comparable(await store.claim(TASK, 'a'))).toMatchObject({ state: 'before' });
    });

    it('replaces the whole list of a slice that is rewritten', async () => {
      await store.create(TASK, 'a', START);
      await store.commit(TASK, aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20), aDelta('s2', 10, 20)] }));
      await store.commit(
        TASK,
        aCommit('a', 20, 30, { rewrites: [aDelta('s1', 10, 30, 'all'), aDelta('s3', 20, 30, 'new')] }),
      );
      await store.commit(TASK, aCommit('a', 30, 40, { deltas: [aDelta('s1', 30, 40)] }));
      await store.commit(TASK, aCommit('a', 40, 50, { rewrites: [aDelta('s3', 20, 50, 'again')] }));
      expect(await loaded(store, 50)).toEqual({
        s1: ['all@[10,30)', '30-40@[30,40)'],
        s2: ['10-20@[10,20)'],
        s3: ['again@[20,50)'],
      });
    });

    it('forgets slices that are dropped, and starts them afresh when they come back', async () => {
      await store.create(TASK, 'a', START);
      await store.commit(TASK, aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20), aDelta('s2', 10, 20)] }));
      await store.commit(TASK, aCommit('a', 20, 30, { drops: ['s1', 'never-there'] }));
      expect(await loaded(store, 30)).toEqual({ s2: ['10-20@[10,20)'] });
      await store.commit(TASK, aCommit('a', 30, 40, { deltas: [aDelta('s1', 30, 40)] }));
      expect(await loaded(store, 40)).toEqual({ s1: ['30-40@[30,40)'], s2: ['10-20@[10,20)'] });
    });

    it('takes a commit that moves nothing but the state', async () => {
      await store.create(TASK, 'a', START);
      expect(await outcomeOf(aCommit('a', 10, 10, { seek: 5, state: utf8.encode('idle') }))).toBe('committed');
      expect(comparable(await store.claim(TASK, 'a'))).toEqual({ inc: 'inc-1', next: 10, seek: 5, state: 'idle' });
    });

    it('mine-already: takes a commit that was sent twice once', async () => {
      await store.create(TASK, 'a', START);
      const commit = aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20)] });
      expect(await outcomeOf(commit)).toBe('committed');
      expect(await outcomeOf(commit)).toBe('mine-already');
      expect(await loaded(store, 20)).toEqual({ s1: ['10-20@[10,20)'] });
      expect(await outcomeOf(aCommit('a', 20, 30))).toBe('committed');
    });

    it('not-mine: refuses the old owner after a takeover, whatever it commits', async () => {
      await store.create(TASK, 'a', START);
      await store.commit(TASK, aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20)] }));
      await store.claim(TASK, 'b');
      const zombies = [
        aCommit('a', 20, 30, { deltas: [aDelta('s1', 20, 30)] }),
        aCommit('a', 10, 20),
        aCommit('a', 20, 30, { drops: ['s1'] }),
        aCommit('a', 20, 30, { rewrites: [aDelta('s1', 10, 30)] }),
      ];
      for (const zombie of zombies) expect(await outcomeOf(zombie)).toBe('not-mine');
      expect(await loaded(store, Infinity)).toEqual({ s1: ['10-20@[10,20)'] });
      expect(await outcomeOf(aCommit('b', 20, 30))).toBe('committed');
    });

    it('not-mine: refuses the old owner when the new one has come to the very same position', async () => {
      await store.create(TASK, 'a', START);
      await store.claim(TASK, 'b');
      await store.commit(TASK, aCommit('b', 10, 20));
      expect(await outcomeOf(aCommit('a', 10, 20))).toBe('not-mine');
      expect(await outcomeOf(aCommit('a', 20, 30))).toBe('not-mine');
    });

    it('rolled-back: refuses a commit that starts beyond what the store has', async () => {
      await store.create(TASK, 'a', START);
      const restore = await subject.snapshot();
      await store.commit(TASK, aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20)] }));
      await store.commit(TASK, aCommit('a', 20, 30));
      await restore();
      expect(await outcomeOf(aCommit('a', 30, 40, { deltas: [aDelta('s1', 30, 40)] }))).toBe('rolled-back');
      expect(await store.claim(TASK, 'a')).toMatchObject({ next: 10, seek: 4 });
      expect(await loaded(store, Infinity)).toEqual({});
      expect(await outcomeOf(aCommit('a', 10, 30))).toBe('committed');
    });

    it('rolled-back: refuses a commit to another incarnation, even from the same position', async () => {
      await store.create(TASK, 'a', START);
      await subject.lose();
      await store.create(TASK, 'a', { ...START, inc: 'inc-2' });
      expect(await outcomeOf(aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20)] }))).toBe('rolled-back');
      expect(await loaded(store, Infinity)).toEqual({});
    });

    it('not-mine: refuses the owner of before when a rollback brings an older owner back', async () => {
      await store.create(TASK, 'a', START);
      const restore = await subject.snapshot();
      await store.claim(TASK, 'b');
      await restore();
      expect(await outcomeOf(aCommit('b', 10, 20))).toBe('not-mine');
      expect(await store.claim(TASK, 'b2')).toMatchObject({ next: 10 });
      expect(await outcomeOf(aCommit('b2', 10, 20))).toBe('committed');
    });

    it('never-seen: refuses a commit once everything is lost, and leaves nothing behind', async () => {
      await store.create(TASK, 'a', START);
      await store.commit(TASK, aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20)] }));
      await subject.lose();
      expect(await outcomeOf(aCommit('a', 20, 30, { deltas: [aDelta('s1', 20, 30)] }))).toBe('never-seen');
      expect(await store.claim(TASK, 'a')).toBeNull();
      expect(await loaded(store, Infinity)).toEqual({});
    });

    it('creates afresh what was lost', async () => {
      await store.create(TASK, 'a', START);
      await store.commit(TASK, aCommit('a', 10, 20, { deltas: [aDelta('s1', 10, 20)] }));
      await subject.lose();
      expect(await store.create(TASK, 'b', { ...START, inc: 'inc-2', next: 15 })).toBe(true);
      expect(comparable(await store.claim(TASK, 'b'))).toEqual(comparable({ ...START, inc: 'inc-2', next: 15 }));
    });

    it('counts starts at one position, and forgets them when it moves', async () => {
      expect(await store.countAttempt(TASK, 10)).toBe(1);
      expect(await store.countAttempt(TASK, 10)).toBe(2);
      expect(await store.countAttempt('aggregator:commerce:4', 10)).toBe(1);
      expect(await store.countAttempt(TASK, 20)).toBe(1);
      expect(await store.countAttempt(TASK, 20)).toBe(2);
      expect(await store.claim(TASK, 'a')).toBeNull();
    });

    describeFields(() => subject);
  });
}
