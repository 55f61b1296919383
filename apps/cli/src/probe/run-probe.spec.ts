import type { ListWindowsResponse, WindowResultMessage } from '@tillstream/contracts';
import type { PublishAnswer } from '../gateway/gateway-client';
import { fakeClock } from '../testing/fake-clock';
import { SALES, sale } from '../testing/fake-query-api';
import { runProbe, type ProbedPlatform } from './run-probe';

const ACCEPTED: PublishAnswer = { accepted: 1, rejected: [] };

/** A platform that says one list of rows after the other, the last for ever. */
function platform(answers: readonly (readonly WindowResultMessage[])[], answer = ACCEPTED) {
  const published: string[] = [];
  let asked = 0;
  const clock = fakeClock();
  const it: ProbedPlatform = {
    publish: (body) => {
      published.push(body.toString());
      return Promise.resolve(answer);
    },
    query: {
      listWindows: () => {
        const windows = answers[Math.min(asked, answers.length - 1)] ?? [];
        asked += 1;
        return Promise.resolve({ windows, nextPageToken: '', historyMissing: '' } as ListWindowsResponse);
      },
    },
    clock,
    signal: new AbortController().signal,
  };
  return { it, published };
}

const probe = { stream: 'commerce', metric: SALES, group: {}, event: '{"a":1}', timeoutMs: 2_000 };

describe('runProbe', () => {
  it('says which row has changed after the event was accepted', async () => {
    const { it, published } = platform([
      [sale(0, 'toys', '1.00')],
      [sale(0, 'toys', '1.00')],
      [sale(0, 'toys', '2.50')],
    ]);
    const { row, afterMs } = await runProbe(it, probe);
    expect(published).toEqual(['{"a":1}']);
    expect(row).toMatchObject({ group: { category: 'toys' }, measures: { total: '2.50' } });
    expect(afterMs).toBe(250);
  });

  it('takes a row for changed that was not there before', async () => {
    const { it } = platform([[sale(0, 'toys', '1.00')], [sale(0, 'toys', '1.00'), sale(0, 'books', '1.00')]]);
    expect((await runProbe(it, probe)).row).toMatchObject({ group: { category: 'books' } });
  });

  it('does not take another revision of the same numbers for a change', async () => {
    const { it } = platform([[sale(0, 'toys', '1.00')], [{ ...sale(0, 'toys', '1.00'), revision: '9' }]]);
    await expect(runProbe(it, probe)).rejects.toThrow('nothing of sales has changed within 2 s');
  });

  it('says why the gateway refuses the event', async () => {
    const rejected = [{ index: 0, code: 'MISSING_FIELD', path: 'user', message: 'user must be there' }];
    const { it } = platform([[]], { accepted: 0, rejected });
    await expect(runProbe(it, probe)).rejects.toThrow('refuses the event: user must be there (MISSING_FIELD user)');
  });
});
