import { rolling } from '../../load/rolling/rolling';

/** Five seconds of a machine's own; one that does much else at the same time must still come nowhere near being ended hard. */
const GONE_WITHIN_MS = 20_000;

describe('a rolling restart of every service, under load', () => {
  it('ends each process in order, loses nothing, tells nothing twice and leaves no question open', async () => {
    const options = { eventsPerSecond: 200, rounds: 1, kills: false, goneWithinMs: GONE_WITHIN_MS };
    expect(await rolling(options)).toEqual([]);
  }, 900_000);
});
