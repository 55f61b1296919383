import { freeMemory } from './free-memory';

describe('freeMemory', () => {
  it('frees memory that is a view’s own, with the frame around it', () => {
    const whole = new Uint8Array(1000);
    const framed = new Uint8Array(new ArrayBuffer(70_000), 20, 69_000);
    freeMemory(whole);
    freeMemory(framed);
    expect([whole.length, framed.length]).toEqual([0, 0]);
  });

  it('leaves memory alone that others may share', () => {
    const slab = new ArrayBuffer(200_000);
    const views = [new Uint8Array(slab, 0, 100_000), new Uint8Array(slab, 100_000, 10)];
    views.forEach(freeMemory);
    expect(views.map(({ length }) => length)).toEqual([100_000, 10]);
  });
});
