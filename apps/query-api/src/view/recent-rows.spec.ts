import { RecentRows, type RecentRow } from './recent-rows';

const row = (id: string, timeMs: number, keys: readonly string[] = [], appendMs = timeMs): RecentRow => ({
  ...{ id, timeMs, appendMs, keys, partition: 0, offset: timeMs },
});

const ids = (rows: readonly RecentRow[]): string[] => rows.map(({ id }) => id);

describe('the rows of a view', () => {
  it('come newest first, of equal times by id, whatever the order in which they were told', () => {
    const rows = new RecentRows(10);
    for (const one of [row('b', 5), row('c', 9), row('a', 5)]) rows.put(one);
    expect(ids(rows.newestFirst())).toEqual(['c', 'a', 'b']);
    rows.put(row('d', 7));
    expect(ids(rows.newestFirst())).toEqual(['c', 'd', 'a', 'b']);
    expect(rows.completeFromMs).toBeNull();
  });

  it('are found by their keys, once however often they were told', () => {
    const rows = new RecentRows(10);
    for (const one of [row('a', 1, ['x', 'y']), row('b', 2, ['x']), row('a', 1, ['x', 'y'])]) rows.put(one);
    expect(ids(rows.withKey('x'))).toEqual(['b', 'a']);
    expect(ids(rows.withKey('y'))).toEqual(['a']);
    expect(ids(rows.withKey('z'))).toEqual([]);
    expect(rows.withId('b')).toMatchObject({ timeMs: 2 });
    expect(rows.size).toBe(2);
  });

  it('leave when there is no room, those first that happened first, and say from when on none is missing', () => {
    const rows = new RecentRows(10);
    for (const timeMs of [3, 1, 2, 12, 11, 10, 9, 8, 7, 6, 5]) rows.put(row(`r${timeMs}`, timeMs, ['x']));
    expect(rows.completeFromMs).toBeNull();
    rows.put(row('r4', 4, ['x']));
    expect(rows.newestFirst().at(-1)?.timeMs).toBe(3);
    expect(ids(rows.withKey('x'))).toEqual(ids(rows.newestFirst()));
    expect([rows.size, rows.completeFromMs, rows.withId('r2')]).toEqual([10, 3, undefined]);
    expect([rows.lostThrough(0), rows.lostThrough(1)]).toEqual([2, -1]);
  });

  it('leave when their time is over', () => {
    const rows = new RecentRows(10);
    for (const one of [row('a', 1, ['x'], 100), row('b', 2, ['x'], 200)]) rows.put(one);
    rows.dropAppendedBefore(100);
    expect([rows.size, rows.completeFromMs]).toEqual([2, null]);
    rows.dropAppendedBefore(150);
    expect([ids(rows.newestFirst()), ids(rows.withKey('x')), rows.completeFromMs]).toEqual([['b'], ['b'], 150]);
    rows.put(row('of a clock that is ahead', 500, [], 160));
    rows.dropAppendedBefore(170);
    expect(rows.completeFromMs).toBe(501);
  });
});
