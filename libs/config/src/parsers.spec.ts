import type { z } from 'zod';
import {
  address,
  addresses,
  duration,
  flag,
  grpcAddress,
  hashOfKey,
  keyList,
  list,
  oneOf,
  origins,
  port,
  readKeyList,
  url,
  wholeNumber,
} from './parsers';

function parsed(parser: z.ZodType<unknown, string>, text: string): unknown {
  const result = parser.safeParse(text);
  return result.success ? result.data : result.error.issues.map(({ message }) => message).join('; ');
}

describe('parsers of variables', () => {
  it.each<[string, z.ZodType<unknown, string>, string, unknown]>([
    ['a whole number', wholeNumber(), '042', 42],
    ['not a fraction', wholeNumber({ max: 9 }), '1.5', 'must be a whole number from 0 to 9, not "1.5"'],
    ['not an exponent', wholeNumber({ min: 1 }), '1e3', 'must be a whole number of at least 1, not "1e3"'],
    ['not beyond what a double holds', wholeNumber(), '9007199254740993', expect.stringContaining('whole number')],
    ['a port', port, '65535', 65535],
    ['not a port', port, '65536', 'must be a whole number from 0 to 65535, not "65536"'],
    ['milliseconds', duration, '250ms', 250],
    ['minutes', duration, '5m', 300_000],
    ['not a bare number', duration, '10', 'must be a duration like 250ms, 10s or 5m, not "10"'],
    ['true', flag, 'true', true],
    ['not yes', flag, 'yes', 'must be true or false, not "yes"'],
    ['a list', list, ' a, b ,,c', ['a', 'b', 'c']],
    ['not an empty list', list, ' , ', 'must name at least one, separated by commas'],
    ['addresses', addresses, 'kafka-0:9092, [::1]:9093', ['kafka-0:9092', '[::1]:9093']],
    ['not an address', addresses, 'a:1,http://b:2,c', 'must be host:port, not "http://b:2", "c"'],
    ['one address', address, 'tracker:50053', 'tracker:50053'],
    ['more than one address', address, 'a:1,b:2', 'must be host:port, not "a:1,b:2"'],
    ['one of', oneOf(['info', 'warn']), 'warn', 'warn'],
    ['not one of', oneOf(['info', 'warn']), 'loud', 'must be one of info, warn, not "loud"'],
    ['origins', origins, 'https://a.example, http://b:81', ['https://a.example', 'http://b:81']],
    ['all origins', origins, '*', ['*']],
    ['* beside others', origins, '*,https://a.example', 'must be * alone, or the origins without it'],
    ...['https://a.example/', 'https://a.example/x', 'a.example', 'HTTPS://A.example', 'null', 'https://*.example'].map(
      (text): [string, typeof origins, string, string] => [
        'no origin',
        origins,
        text,
        `must be origins like https://shop.example, without a path, not "${text}"`,
      ],
    ),
    ['a gRPC address', grpcAddress, 'tracker:50053', 'tracker:50053'],
    ['one over TLS', grpcAddress, 'grpcs://tracker:50053', 'grpcs://tracker:50053'],
    [
      'a web address',
      grpcAddress,
      'https://tracker:50053',
      'must be host:port, or grpcs://host:port for TLS, not "https://tracker:50053"',
    ],
    ['a URL', url(['redis', 'rediss']), 'redis://localhost:6379/0', 'redis://localhost:6379/0'],
    ['no URL', url(['redis']), 'localhost:6379', 'must be a URL that begins with redis://'],
  ])('take or refuse: %s', (_name, parser, text, expected) => {
    expect(parsed(parser, text)).toEqual(expected);
  });

  it('read keys with the streams they open', () => {
    expect(parsed(keyList, 'demo-key-1, shop-key-2:commerce|returns')).toEqual([
      { sha256: hashOfKey('demo-key-1'), streams: null },
      { sha256: hashOfKey('shop-key-2'), streams: ['commerce', 'returns'] },
    ]);
    expect(parsed(keyList, 'none')).toEqual([]);
    expect(parsed(readKeyList, 'demo-key-1, asks-key-2:shop|wiki:sql, asks-key-3:*:sql, shop-key-4:shop')).toEqual([
      { sha256: hashOfKey('demo-key-1'), streams: null, sql: false },
      { sha256: hashOfKey('asks-key-2'), streams: ['shop', 'wiki'], sql: true },
      { sha256: hashOfKey('asks-key-3'), streams: null, sql: true },
      { sha256: hashOfKey('shop-key-4'), streams: ['shop'], sql: false },
    ]);
  });

  it('take the hash of a key in its place', () => {
    const hashed = `sha256:${hashOfKey('demo-key-1')}`;
    const [known] = parsed(keyList, 'demo-key-1') as readonly object[];
    expect(parsed(keyList, `${hashed},${hashed}:shop`)).toEqual([known, { ...known, streams: ['shop'] }]);
    expect(parsed(readKeyList, `${hashed},${hashed}:shop:sql,${hashed}:*:sql`)).toEqual([
      { ...known, sql: false },
      { ...known, streams: ['shop'], sql: true },
      { ...known, sql: true },
    ]);
    const half = 'sha256:ab12';
    expect(parsed(keyList, half)).toBe('key 1 must have 64 digits from 0 to f behind sha256:');
  });

  it.each([
    '',
    ',',
    'none,demo-key-1',
    'short',
    'with space inside',
    'long-enough:',
    'long-enough:a||b',
    'ünïcödé-key',
  ])('never open a door by a mistake in the keys, nor repeat one in the problem: "%s"', (keys) => {
    const problem = parsed(keyList, keys);
    expect(typeof problem).toBe('string');
    if (keys.length > 3) expect(problem).not.toContain(keys);
  });
});
