import type { ConnectorMetrics } from '@tillstream/adapter-telemetry';
import type { ServiceLogger } from '@tillstream/nest-runtime';
import { ConnectorObserver } from './connector-observer';

function setUp() {
  const said: string[] = [];
  const counted: string[] = [];
  const note = (...args: readonly unknown[]) => void said.push(String(args.at(-1)));
  const logger = { info: note, warn: note } as unknown as ServiceLogger;
  const metrics = new Proxy({} as ConnectorMetrics, {
    get: (_target, name) => (...args: readonly unknown[]) => void counted.push([String(name), ...args].join(' ')), // prettier-ignore
  });
  return { observer: new ConnectorObserver('edits', metrics, logger), said, counted };
}

const body = (lastId: string | null) => ({ bytes: Buffer.alloc(0), events: 1, lastId });

describe('what a connector says of itself', () => {
  it('is what is missing, until it is there', () => {
    const { observer, said } = setUp();
    expect([observer.sourceProblem, observer.doorProblem]).toEqual(['not connected yet', null]);
    observer.closed('refused', 'the source answered 503', 1_000);
    observer.notDelivered('the gateway answered 429: ', 1_000);
    observer.notDelivered('the gateway answered 503: ', 2_000);
    expect([observer.sourceProblem, observer.doorProblem]).toEqual([
      'the source answered 503',
      'the gateway answered 503: ',
    ]);
    observer.opened('7');
    observer.delivered(body('8'), { accepted: 1, rejected: [] });
    expect([observer.sourceProblem, observer.doorProblem]).toEqual([null, null]);
    expect(said).toEqual([
      ...['source_not_readable', 'gateway_takes_no_events', 'source_connected', 'gateway_takes_events_again'],
    ]);
  });

  it('takes a connection that the source ends for nothing to worry about', () => {
    const { observer } = setUp();
    observer.opened(null);
    observer.closed('ended', 'the source ended the connection', 1_000);
    expect(observer.sourceProblem).toBeNull();
  });

  it('names some of the events that were refused, and counts all', () => {
    const { observer, said, counted } = setUp();
    const rejected = Array.from({ length: 5 }, () => ({ code: 'no-key', path: 'user', message: 'none' }));
    observer.delivered(body('8'), { accepted: 2, rejected });
    expect(said).toEqual(['event_refused', 'event_refused', 'event_refused']);
    expect(counted).toEqual(['delivered edits 2', ...rejected.map(() => 'rejected edits no-key')]);
  });

  it('warns, once, of a source that gives no ids: nobody could go on where it was', () => {
    const { observer, said } = setUp();
    observer.delivered(body(null), { accepted: 1, rejected: [] });
    observer.delivered(body(null), { accepted: 1, rejected: [] });
    expect(said).toEqual(['source_gives_no_ids']);
  });
});
