import { topicSpecs } from '@tillstream/contracts';
import { parse, parseAllDocuments } from 'yaml';
import { loadStreamFile } from '../streams/load-stream-files';
import { runCli } from '../run-cli';
import { recordingContext } from '../testing/recording-context';

const SHOP = 'deploy/streams/commerce.yaml';

async function printed(...args: string[]): Promise<string> {
  const context = recordingContext();
  expect(await runCli(['topics', '--stream-files', SHOP, ...args], context)).toBe(0);
  return context.output();
}

describe('till topics --print', () => {
  const specs = topicSpecs(loadStreamFile(SHOP), 3);

  it('writes all topics with all their settings as values of the chart, without a broker', async () => {
    const { topics } = parse(await printed('--print', 'values')) as { topics: { create: string; strimzi: object } };
    expect(topics.create).toBe('strimzi');
    expect(topics.strimzi).toEqual({
      topics: specs.map(({ name, partitions, configs }) => ({ name, partitions, replicas: 3, config: configs })),
    });
  });

  it('writes an object of Strimzi for each topic, named as objects may be', async () => {
    const documents = parseAllDocuments(await printed('--print', 'strimzi', '--cluster', 'shop', '--replication', '2'));
    const topics = documents.map((document) => document.toJS() as { metadata: object; spec: object });
    expect(topics).toHaveLength(specs.length);
    expect(topics[0]).toMatchObject({
      apiVersion: 'kafka.strimzi.io/v1',
      metadata: { name: 'commerce.raw.v1', labels: { 'strimzi.io/cluster': 'shop' } },
      spec: { topicName: 'commerce.raw.v1', partitions: 4, replicas: 2, config: { 'min.insync.replicas': '1' } },
    });
  });
});
