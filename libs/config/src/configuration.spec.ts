import { parse } from 'yaml';
import { httpPort } from './common-blocks';
import type { ConfigError } from './config-error';
import { configuredEnvironment, placed } from './configured-environment';
import { describeVariables } from './describe-variables';
import { parseEnvironment, type Environment } from './parse-environment';
import { duration, flag, keyList, list, secret, url } from './parsers';
import { helpText, printedConfig } from './print-config';
import { FilesForTests } from './testing';

const variables = {
  ...httpPort(8080),
  STREAM_FILES: list.describe('Paths.'),
  PAUSE: duration.default(60_000).describe('How long.'),
  KEYS: keyList.optional(),
  PASSWORD: secret.optional(),
  WHERE_URL: url(['redis']).optional(),
  ENABLED: flag.default(false),
};
const service = { service: 'some', about: 'does something', variables };
const known = Object.keys(variables);

let files: FilesForTests;
beforeEach(() => (files = new FilesForTests()));
afterEach(() => files.remove());

const withFile = (text: string, environment: Environment = {}) =>
  configuredEnvironment({ ...environment, TILLSTREAM_CONFIG_FILE: files.put('all.yaml', text) }, known);

function problemsOf(text: string): readonly string[] {
  try {
    withFile(text);
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map((problem) => problem.replace(`${files.directory}/`, ''));
  }
}

describe('the configuration file', () => {
  it('gives what the environment does not', () => {
    const { environment } = withFile('HTTP_PORT: 81\nSTREAM_FILES: [a.yaml, b.yaml]\nENABLED: true\nPAUSE:\n', {
      HTTP_PORT: '82',
      ENABLED: '',
    });
    expect(parseEnvironment(variables, environment)).toMatchObject({
      ...{ HTTP_PORT: 82, STREAM_FILES: ['a.yaml', 'b.yaml'], ENABLED: true, PAUSE: 60_000 },
    });
  });

  it('takes numbers as they are written', () => {
    expect(withFile('PASSWORD: 007\n').environment['PASSWORD']).toBe('007');
  });

  it('leaves settings of sinks to these', () => {
    const { environment } = withFile('TILLSTREAM_SINK_LAKE_WHERE: /lake\n');
    expect(environment['TILLSTREAM_SINK_LAKE_WHERE']).toBe('/lake');
  });

  it.each([
    [
      'an unknown name, with the nearest',
      'HTTP_PORTS: 1',
      'all.yaml:1: HTTP_PORTS is not known; did you mean HTTP_PORT?',
    ],
    ['a name like none', '\nELSEWHERE: 1', 'all.yaml:2: ELSEWHERE is not known'],
    ['a map', 'PAUSE: {a: 1}', 'all.yaml:1: PAUSE must be a value or a list of values'],
    ['another shape', '- PAUSE', 'all.yaml: must be a map of variables and their values'],
    ['a name twice', 'PAUSE: 1s\nPAUSE: 2s', 'all.yaml:2: Map keys must be unique at line 2, column 1:'],
    [
      'tracing',
      'OTEL_SDK_DISABLED: true',
      'all.yaml:1: OTEL_SDK_DISABLED is read from the environment only: set it there',
    ],
  ])('is refused for %s', (_what, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('is named when it is not there', () => {
    expect(() => configuredEnvironment({ TILLSTREAM_CONFIG_FILE: '/no/such' }, known)).toThrow(
      /^TILLSTREAM_CONFIG_FILE names a file that cannot be read: ENOENT/,
    );
  });

  it('is named with the line of a value that is wrong', () => {
    const { environment, sources } = withFile('STREAM_FILES: a\nENABLED: maybe\n');
    const problems = (() => {
      try {
        parseEnvironment(variables, environment);
        return [];
      } catch (error) {
        return (error as ConfigError).problems;
      }
    })();
    expect(problems.map((problem) => placed(problem, sources))).toEqual([
      `${files.directory}/all.yaml:2: ENABLED must be true or false, not "maybe"`,
    ]);
  });
});

describe('--print-config', () => {
  it('tells every value and where it comes from, and no secret', () => {
    const configured = withFile('STREAM_FILES: a.yaml\nPASSWORD: hush-hush\n', {
      KEYS: 'some-key-1',
      WHERE_URL: 'redis://ann:hush-hush@cache:6379',
      TILLSTREAM_SINK_HOOK_SECRET: 'hush-hush',
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=hush-hush',
    });
    const text = printedConfig(service, configured);
    expect(text).not.toMatch(/hush|some-key/);
    expect(text).toMatch(/^HTTP_PORT: "8080" +# default$/m);
    expect(text).toMatch(/^STREAM_FILES: a.yaml +# .*all.yaml:1$/m);
    expect(text).toMatch(/^KEYS: "?\*{8}"? +# environment$/m);
    expect(parse(text)).toMatchObject({ PAUSE: '1m', ENABLED: 'false', WHERE_URL: 'redis://ann:********@cache:6379' });
  });

  it('says what is missing', () => {
    const text = printedConfig(service, configuredEnvironment({}, known));
    expect(text).toMatch(/^# STREAM_FILES is not set, and must be$/m);
    expect(text).toMatch(/^# PASSWORD is not set$/m);
  });
});

describe('--help', () => {
  it('tells of every variable', () => {
    const text = helpText(service);
    for (const { name } of describeVariables(variables)) expect(text).toContain(`  ${name}`);
    expect(text).toMatch(/PAUSE: a duration like 250ms, 10s or 5m; default 1m\n +How long\./);
    expect(text).toContain('STREAM_FILES (needed): a list');
  });
});
