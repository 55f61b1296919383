import { encodeAlert, type ToldChange } from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import type { HoppingMetric } from '@tillstream/core';
import { MemoryResults } from '../testing/memory-results';
import { AlertBook, type KnownAlert } from './alert-book';

const HOP_MS = 5_000;
const definition = definitionFrom(
  smallStreamFile(2).replace('size: 20s, hop: 5s}', 'size: 20s, hop: 5s}\n    alert: {when: "total > 5.00"}'),
);
const sales = definition.metrics[0] as HoppingMetric;
const { alerts: TOPIC } = definition.topics;
const waiting = new AbortController().signal;

/** Tells that an alert was opened by a window, or resolved; windows by their number. */
function tell({ broker }: MemoryResults, opened: number, resolved?: number): void {
  const change: ToldChange = {
    kind: resolved === undefined ? 'opened' : 'resolved',
    group: '{"category":"books"}',
    startMs: (resolved ?? opened) * HOP_MS,
    sinceMs: opened * HOP_MS,
    openedMs: opened * HOP_MS,
    numbers: [1_000, 2, 500],
    history: [],
    measures: { total: '10.00', orders: 2, average: '5.000000' },
  };
  broker.append(TOPIC, 0, [encodeAlert(sales, sales.alert!, change, 2)]);
}

const brief = ({ opened, resolved }: KnownAlert): string =>
  `${opened.openedMs / HOP_MS}${resolved ? `–${resolved.startMs / HOP_MS}` : ''}`;

describe('the alerts of a stream', () => {
  let results: MemoryResults;
  let offsetsRead: number[];
  let onRead: () => void;
  beforeEach(() => {
    results = new MemoryResults(definition);
    [offsetsRead, onRead] = [[], () => undefined];
    // One record a read, as if the topic was a long one.
    const read = results.log.read.bind(results.log);
    results.log.read = async (topic, partition, offset, waitMs) => {
      offsetsRead.push(offset);
      onRead();
      return (await read(topic, partition, offset, waitMs)).slice(0, 1);
    };
  });

  it('are read once, however often and by how many they are asked for', async () => {
    for (const opened of [1, 2]) tell(results, opened);
    const book = new AlertBook(results.log, definition);
    const answers = await Promise.all([book.alerts(waiting), book.alerts(waiting)]);
    tell(results, 1, 3);
    answers.push(await book.alerts(waiting));
    expect(answers.map((alerts) => alerts.map(brief))).toEqual([
      ['2', '1'],
      ['2', '1'],
      ['2', '1–3'],
    ]);
    expect(offsetsRead).toEqual([0, 1, 2]);
  });

  it('are read no further when nobody waits for them, and from there on by who asks next', async () => {
    for (const opened of [1, 2, 3]) tell(results, opened);
    const book = new AlertBook(results.log, definition);
    const caller = new AbortController();
    onRead = () => caller.abort();
    await Promise.all([book.alerts(caller.signal), book.alerts(caller.signal)]);
    expect(offsetsRead).toEqual([0]);
    expect((await book.alerts(waiting)).map(brief)).toEqual(['3', '2', '1']);
    expect(offsetsRead).toEqual([0, 1, 2]);
  });

  it('are asked for again when the log could not be read', async () => {
    tell(results, 1);
    const book = new AlertBook(results.log, definition);
    let failures = 1;
    onRead = () => {
      if (failures-- > 0) throw new Error('no broker answers');
    };
    const answers = [book.alerts(waiting), book.alerts(waiting)];
    await expect(answers[0]).rejects.toThrow('no broker answers');
    expect((await answers[1]!).map(brief)).toEqual(['1']);
  });

  it('are forgotten, those first that were opened first, where there are too many', async () => {
    for (let opened = 1; opened <= 35; opened += 1) {
      tell(results, opened);
      tell(results, opened, opened + 1);
    }
    const alerts = await new AlertBook(results.log, definition, 10).alerts(waiting);
    expect(alerts.length).toBeLessThanOrEqual(11);
    expect(alerts.slice(0, 10).map(brief)).toEqual([
      ...['35–36', '34–35', '33–34', '32–33', '31–32', '30–31', '29–30', '28–29', '27–28', '26–27'],
    ]);
  });

  it('are those of the log that is there now', async () => {
    for (const opened of [1, 2]) tell(results, opened);
    const book = new AlertBook(results.log, definition);
    await book.alerts(waiting);
    const another = new MemoryResults(definition);
    tell(another, 7);
    results.log.end = another.log.end.bind(another.log);
    results.log.read = another.log.read.bind(another.log);
    expect((await book.alerts(waiting)).map(brief)).toEqual(['7']);
  });
});
