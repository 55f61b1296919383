import { encodeDefinition, streamsOf, type StreamDefinition } from '@tillstream/contracts';
import { definitionFrom, smallStreamFile } from '@tillstream/contracts/testing';
import { ImmediateTurn } from '../memory/immediate-turn';
import { MemoryBroker } from '../memory/memory-broker';
import { MemoryLogReader } from '../memory/memory-log';
import { readDefinitions, type DefinitionHistory } from './definition-history';

const plain = smallStreamFile();
const visits = `${plain.replace('metrics:', 'sessions: {gap: 30m}\nmetrics:')}
  visits: {from: sessions, window: {size: 1h}, measures: {visits: count()}}
`;
const withSessions = definitionFrom(visits);
const withShorter = definitionFrom(visits.replace('30m', '20m'));
const without = definitionFrom(plain.replace('size: 20s, hop: 5s', 'size: 20s, hop: 10s'));

/** What was put live, in this order, as those see it who work on a stream. */
function historyOf(stream: StreamDefinition, files: readonly StreamDefinition[]): Promise<DefinitionHistory> {
  const broker = new MemoryBroker(() => 0);
  const topic = stream.topics.definitions;
  broker.createTopic(topic, 1, true);
  for (const file of files) broker.append(topic, 0, [encodeDefinition(file)]);
  return readDefinitions(new MemoryLogReader(broker, new ImmediateTurn(() => 0), () => 0), stream);
}

const sessionsOf = (file: StreamDefinition): StreamDefinition => streamsOf(file)[1] as StreamDefinition;
const identities = (history: DefinitionHistory): string[] => history.metrics().map(({ identity }) => identity);
const files = [withSessions, withShorter, without];

describe('the stream files as those see them who work on a derived stream', () => {
  it('declare the metrics over it, under what they are put in force by', async () => {
    const history = await historyOf(sessionsOf(withSessions), files);
    const [longer, shorter] = [withSessions, withShorter].map((file) => sessionsOf(file).metrics[0]?.identity);
    expect(identities(history)).toEqual([shorter, longer]);
    for (const file of files) expect(history.find(file.sha256)?.sha256).toBe(file.sha256);
    expect(history.find(withShorter.sha256)?.metrics.map(({ identity }) => identity)).toEqual([shorter]);
    expect(history.retiredFrom(sessionsOf(withShorter)).map(({ identity }) => identity)).toEqual([longer]);
  });

  it('declare nothing where the stream is derived no more', async () => {
    const { newest } = await historyOf(sessionsOf(withSessions), files);
    expect(newest).toMatchObject({ metrics: [], sha256: without.sha256, schema: { stream: 'small.sessions' } });
  });

  it('are the same for whoever is started with an earlier or a later one', async () => {
    const [earlier, later] = await Promise.all(
      [withSessions, withShorter].map((file) => historyOf(sessionsOf(file), files)),
    );
    expect(earlier && identities(earlier)).toEqual(later && identities(later));
  });
});

describe('the streams of a history', () => {
  it('are the stream itself and all that were ever derived from it', async () => {
    const history = await historyOf(without, files);
    const streams = history.streams();
    expect(streams.map(({ newest }) => newest.schema.stream)).toEqual(['small', 'small.sessions']);
    expect(streams.map((stream) => stream.metrics().map(({ name }) => name))).toEqual([
      ['sales', 'spend', 'visitors', 'sales'],
      ['visits', 'visits'],
    ]);
  });
});
