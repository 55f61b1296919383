import { WriteKeys } from './write-keys';

const keys = new WriteKeys([
  { key: 'demo-key-1', streams: null },
  { key: 'shop-key-2', streams: ['commerce'] },
]);

describe('WriteKeys', () => {
  it.each([
    ['Bearer demo-key-1', ['commerce', 'wikimedia']],
    ['bearer  demo-key-1', ['commerce', 'wikimedia']],
    ['Bearer shop-key-2', ['commerce']],
    ['Bearer shop-key-2x', null],
    ['Bearer ', null],
    ['Bearer', null],
    ['Bearer demo-key-1 shop-key-2', null],
    ['demo-key-1', null],
    ['', null],
    [undefined, null],
  ])('let "%s" write to %j', (authorization, streams) => {
    const caller = keys.find(authorization);
    const opened = caller && ['commerce', 'wikimedia'].filter((stream) => caller.mayWrite(stream));
    expect(opened).toEqual(streams);
  });

  it('tell callers apart without keeping their keys', () => {
    const ids = ['demo-key-1', 'shop-key-2'].map((key) => keys.find(`Bearer ${key}`)!.id);
    expect(new Set(ids).size).toBe(2);
    expect(JSON.stringify(keys)).not.toContain('demo-key-1');
  });

  it('let everyone in where there are none', () => {
    expect(new WriteKeys([]).find(undefined)?.mayWrite('commerce')).toBe(true);
  });
});
