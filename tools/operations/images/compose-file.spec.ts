import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readComposeFile } from './compose-file';

const { services, volumes } = readComposeFile();
const ours = Object.entries(services).filter(([, { build }]) => build !== undefined);
const dockerfile = readFileSync('deploy/docker/Dockerfile', 'utf8');
const targets = [...dockerfile.matchAll(/^FROM \S+ AS (\S+)$/gm)].map(([, name]) => name ?? '');

describe('the images', () => {
  it('are one for each app, and hold what was put together for it', () => {
    const held = [
      ...dockerfile.matchAll(/^FROM \S+ AS (\S+)\n(?:(?!FROM ).*\n)*?COPY --from=build \/images\/(\S+) \/app$/gm),
    ];
    const apps = readdirSync('apps').map((app) => [app === 'cli' ? 'till' : app, app]);
    expect(held.map(([, target, app]) => [target, app]).sort()).toEqual(apps.sort());
  });

  it('are told everything that they have in common once', () => {
    const steps: readonly string[] = dockerfile.replaceAll('\\\n', '').match(/^(RUN|COPY|USER|WORKDIR) .*$/gm) ?? [];
    expect(steps.length).toBeGreaterThan(10);
    expect(steps.filter((step, index) => steps.indexOf(step) !== index)).toEqual([]);
    expect(steps.filter((step) => step.includes('assemble.mjs --apps'))).toHaveLength(1);
  });

  it('are built from files that .dockerignore lets through', () => {
    const letThrough = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, from = '']) => from.split(' '));
    expect(copied.length).toBeGreaterThan(3);
    expect(copied.filter((path) => !letThrough.includes(path) || !existsSync(path))).toEqual([]);
  });
});

describe('the compose file', () => {
  it('has every service of the platform, and starts it when no profile is named', () => {
    const started = ours.filter(([, { profiles }]) => profiles === undefined).map(([name]) => name);
    const apps = readdirSync('apps').filter((app) => app !== 'cli' && app !== 'connector');
    expect(started.sort()).toEqual([...apps, 'topics'].sort());
  });

  it.each(ours)('runs %s from its own image, without rights, on a root that cannot be written', (name, service) => {
    const target = service.build?.target ?? '';
    expect(service.image).toBe(`tillstream/${target}:local`);
    expect(targets).toContain(target);
    expect(existsSync(join('deploy/compose', service.build?.context ?? '', service.build?.dockerfile ?? ''))).toBe(
      true,
    );
    expect(service).toMatchObject({ read_only: true, user: '65532:65532', cap_drop: ['ALL'] });
    if (existsSync(join('apps', name))) expect(target).toBe(name);
  });

  it('publishes ports for this machine alone', () => {
    const published = Object.values(services).flatMap(({ ports }) => ports ?? []);
    expect(published.length).toBeGreaterThan(5);
    expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([]);
  });

  it('mounts volumes that it declares, and directories that there are', () => {
    const mounted = Object.values(services).flatMap(({ volumes: used }) => used ?? []);
    const [files, named] = [/^\./, /^[a-z]/].map((kind) => mounted.filter((volume) => kind.test(volume)));
    const sources = (list: readonly string[] = []): string[] => list.map((volume) => volume.split(':')[0] ?? '');
    expect(sources(named).filter((name) => !(name in volumes))).toEqual([]);
    expect(sources(files).filter((path) => !existsSync(join('deploy/compose', path)))).toEqual([]);
  });

  it('waits for services that there are', () => {
    const awaited = Object.values(services).flatMap(({ depends_on: needs = {} }) =>
      'length' in needs ? (needs as readonly string[]) : Object.keys(needs),
    );
    expect(awaited.filter((name) => !(name in services))).toEqual([]);
  });

  it('is told everything there is to look at by look.env', () => {
    const look = readFileSync('deploy/compose/look.env', 'utf8');
    const profiles = /^COMPOSE_PROFILES=(.*)$/m.exec(look)?.[1]?.split(',');
    const all = new Set(Object.values(services).flatMap(({ profiles: own }) => own ?? []));
    expect([...(profiles ?? []), 'connect'].sort()).toEqual([...all].sort()); // what reads elsewhere is asked for by name
    expect(look).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=http://jaeger:4318');
  });
});
