import { Readiness } from './readiness';

describe('Readiness', () => {
  it('names what is missing, also where a check fails or does not answer', async () => {
    const readiness = new Readiness(
      [
        { name: 'store', check: () => null },
        { name: 'log', check: async () => 'no leader' },
        { name: 'group', check: () => Promise.reject(new Error('not joined')) },
        { name: 'view', check: () => new Promise(() => {}) },
      ],
      1,
    );
    expect(await readiness.report()).toEqual({
      ready: false,
      checks: { store: 'ok', log: 'no leader', group: 'not joined', view: 'no answer within 1 ms' },
    });
  });

  it('is not ready once it stops, whatever the checks say', async () => {
    const readiness = new Readiness([{ name: 'log', check: () => null }]);
    readiness.stop();
    expect(await readiness.report()).toEqual({ ready: false, checks: { lifecycle: 'stopping' } });
  });
});
