import { readSettings } from './settings.mjs';

describe('the arguments of npm start', () => {
  it('move all ports at once, for a second platform beside the first', () => {
    const { ports } = readSettings(['--port-offset', '100', '--gateway-port', '9000'], {});
    expect(ports).toMatchObject({ 'gateway-port': 9100, 'query-api-grpc-port': 50152, 'kafka-port': 19192 });
  });

  it('win over the environment, which wins over starting a broker', () => {
    const environment = { KAFKA_BROKERS: 'kafka:9092', REDIS_URL: '' };
    expect(readSettings([], environment)).toMatchObject({ brokers: 'kafka:9092', redis: undefined });
    expect(readSettings(['--brokers', 'other:9092'], environment)).toMatchObject({ brokers: 'other:9092' });
  });

  it('ask for traces, at a port of their own', () => {
    expect(readSettings([], {})).toMatchObject({ trace: false, ports: { 'trace-port': 16686 } });
    expect(readSettings(['--trace', '--trace-port', '9411'], {})).toMatchObject({
      trace: true,
      ports: { 'trace-port': 9411 },
    });
  });

  it('name a stream and where its events come from', () => {
    expect(readSettings([], {}).connect).toBeNull();
    expect(readSettings(['--connect', 'wikimedia=https://stream.example/v2?x=1'], {}).connect).toEqual({
      stream: 'wikimedia',
      url: 'https://stream.example/v2?x=1',
    });
  });

  it.each([
    [['--connect', 'https://stream.example'], '--connect names a stream and where its events come from, as STREAM='],
    [['--rate', 'many'], '--rate must be a whole number, not "many"'],
    [['--port-offset', '60000'], 'gateway-port would be 68080: ports end at 65535'],
    [['--port-offset', '2000'], 'gateway-port would be 10080, which browsers and fetch refuse to call: choose another'],
    [['--data'], "Unknown option '--data'"],
  ])('are refused by name: %j', (args, message) => {
    expect(() => readSettings(args, {})).toThrow(message);
  });
});
