import { aSink, aSinkEnvironment, sinkStream } from '@tillstream/engine/testing';
import { openSearchSinkKind } from './opensearch-kind';

function problemsOf(where: string | null, settings: object = {}, variables: Readonly<Record<string, string>> = {}) {
  const sink = aSink({ type: 'opensearch', name: 'search', where, settings: { ...settings } });
  const opened = openSearchSinkKind.open(sink, sinkStream(), aSinkEnvironment(variables));
  return opened.ok ? [] : opened.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe('openSearchSinkKind', () => {
  it('takes one node or several, from the file or the environment', () => {
    expect(problemsOf('http://localhost:9200')).toEqual([]);
    expect(problemsOf('https://a:9200, https://b:9200')).toEqual([]);
    expect(problemsOf(null, {}, { WHERE: 'https://a:9200' })).toEqual([]);
  });

  it('names what is missing or cannot be', () => {
    expect(problemsOf(null)).toEqual([
      'sinks.search.where: is missing: give an address such as https://search.example:9200 there or in TILLSTREAM_SINK_SEARCH_WHERE',
    ]);
    expect(problemsOf('localhost:9200')[0]).toMatch('must be an address such as');
    expect(problemsOf('https://ann:secret@search:9200')).toEqual([
      'sinks.search.where: must have no credentials in it: give them in TILLSTREAM_SINK_SEARCH_USER and TILLSTREAM_SINK_SEARCH_PASSWORD',
    ]);
    expect(problemsOf('https://search', {}, { USER: 'ann' })[0]).toMatch('set together or not at all');
    expect(problemsOf('https://search', { prefix: 'Shop' })[0]).toMatch('sinks.search.prefix: must be lower-case');
    expect(problemsOf('https://search', { rollover: 'week' })[0]).toMatch('must be one of day, month, year, none');
    expect(problemsOf('https://search', { text: ['user', 'usr'] })).toEqual([
      'sinks.search.text: there is no column usr in what goes to this sink',
    ]);
    expect(problemsOf('https://search', { flush: { evry: '1s' } })[0]).toMatch('did you mean every?');
  });

  it('takes no setting under which rows that were said to be stored are lost', () => {
    for (const name of ['translog.durability', 'index.translog.durability']) {
      expect(problemsOf('https://search', { index: { [name]: 'async' } })[0]).toMatch('loses rows');
      expect(problemsOf('https://search', { index: { [name]: 'request' } })).toEqual([]);
    }
  });
});
