import { InvalidArgumentError } from 'commander';
import { parseTraceLink } from './trace-links';

const ID = '0af7651916cd43dd8448eb211c80319c';

describe('links to traces', () => {
  it.each([
    ['http://localhost:16686', `http://localhost:16686/trace/${ID}`],
    ['https://ops.example/jaeger/', `https://ops.example/jaeger/trace/${ID}`],
    ['http://localhost:9411', `http://localhost:9411/zipkin/traces/${ID}`],
    ['http://localhost:9411/', `http://localhost:9411/zipkin/traces/${ID}`],
    ['http://localhost:9411/zipkin', `http://localhost:9411/zipkin/traces/${ID}`],
    ['http://127.0.0.1:16686/zipkin/', `http://127.0.0.1:16686/zipkin/traces/${ID}`],
    ['https://tempo.example/explore?q={trace}&t={trace}#x', `https://tempo.example/explore?q=${ID}&t=${ID}#x`],
  ])('lead from %s to the page of a trace', (address, page) => {
    expect(parseTraceLink(address)(ID)).toBe(page);
  });

  it.each([
    '',
    'localhost:16686',
    'jaeger',
    'ftp://localhost',
    'http://',
    'http://localhost:16686/search?service=x',
    '{trace}',
  ])('are not made of "%s", and what says so says how an address looks', (address) => {
    const parse = (): unknown => parseTraceLink(address);
    expect(parse).toThrow(InvalidArgumentError);
    expect(parse).toThrow(/look like http:\/\/localhost:16686 \(Jaeger\)/);
  });
});
