import { sinkStream, aSink, aSinkEnvironment, describeSink } from '@tillstream/engine/testing';
import type { SinkUnderTest } from '@tillstream/engine/testing';
import type { Sink } from '@tillstream/engine';
import { openSearchSinkKind } from './opensearch-kind';
import { BrokenLine } from './testing/broken-line';
import type { StoreForTests } from './testing/opensearch-for-tests';
import { aPrefix, documentsIn, openSearchForTests, removeAll } from './testing/opensearch-for-tests';

jest.setTimeout(120_000);

let server: StoreForTests | null = null;
const INDEX = { number_of_shards: 1, number_of_replicas: 0 };

beforeAll(async () => {
  server = await openSearchForTests();
});

afterAll(async () => {
  await server?.stop();
});

function connect(where: string, prefix: string, settings: object = {}): Sink {
  const sink = aSink({ type: 'opensearch', where, settings: { prefix, index: INDEX, timeout: '5s', ...settings } });
  const opened = openSearchSinkKind.open(sink, sinkStream(), aSinkEnvironment());
  if (!opened.ok) throw new Error(JSON.stringify(opened.problems));
  return opened.sink;
}

async function createStore(): Promise<SinkUnderTest> {
  const { address } = server as StoreForTests;
  const prefix = aPrefix();
  const line = await BrokenLine.before(address);
  return {
    connect: () => connect(line.address, prefix, { rollover: 'none' }),
    stored: async (feed) => {
      const found = await documentsIn(address, `${prefix}-${feed}*`);
      return found.map(({ _index, _id }) => {
        return { table: _index.slice(prefix.length + 1).replace(/^finals-/, ''), id: _id };
      });
    },
    poisoned: (row) => ({ ...row, values: { ...row.values, revision: 'twelve' } }),
    cutOff: async () => {
      line.state = 'is cut';
      return async () => {
        line.state = 'passes';
      };
    },
    close: async () => {
      await line.close();
      await removeAll(address, prefix);
    },
  };
}

describeSink('OpenSearchSink', { once: true, runs: 2 }, createStore);
