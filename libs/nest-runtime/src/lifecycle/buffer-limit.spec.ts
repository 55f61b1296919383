import type { PerformanceEntry } from 'node:perf_hooks';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { countBuffersInHeapLimit } from './buffer-limit';

const MIB = 1024 * 1024;

/** How often the whole heap is collected while 2 GiB of buffers come and go, a few alive at a time. */
async function collections(): Promise<number> {
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries() as (PerformanceEntry & { readonly detail: { readonly kind: number } })[]) {
      if (entry.detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) count += 1;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  const alive: Buffer[] = [];
  for (let made = 0; made < 2_048; made += 1) {
    alive[made % 8] = Buffer.allocUnsafeSlow(MIB);
    if (made % 8 === 0) await nextTurn();
  }
  await nextTurn();
  await nextTurn();
  observer.disconnect();
  return count;
}

describe('buffers of a service', () => {
  it('do not have the whole heap collected for each 64 MiB of them', async () => {
    countBuffersInHeapLimit();
    expect(await collections()).toBeLessThan(8);
  });

  it('are left to a V8 that does not know how', () => {
    const setFlag = jest.fn();
    countBuffersInHeapLimit('14.1.146.11-node.2', setFlag);
    expect(setFlag).not.toHaveBeenCalled();
  });
});
