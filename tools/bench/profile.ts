import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withOwnServers } from '../rig/own-servers';
import type { BenchContext } from './context';
import { runLine } from './line';
import type { Form } from './line';

const PROFILED = ['one a record', 'through the gateway'] as const satisfies readonly Form[];
const FRAMES = 25;
const SAMPLE_MICROS = 1_000;
/** Time in which the process had nothing to do, or was not looked at. */
const NOT_WORK = new Set(['(idle)', '(root)']);

/** The parts of V8's `.cpuprofile` that are read here. */
interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: {
      readonly functionName: string;
      readonly url: string;
      readonly lineNumber: number;
      readonly columnNumber: number;
    };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Where the services of the line spend their CPU: self time of functions, the most expensive first. */
export async function measureProfiles({ lineEvents, say }: BenchContext): Promise<string> {
  const events = await lineEvents();
  const lines: string[] = [];
  for (const form of PROFILED) {
    say(`profiling the line on ${events.length} events, ${form}`);
    const directory = mkdtempSync(join(tmpdir(), 'tillstream-profile-'));
    try {
      const environment = {
        NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${directory} --cpu-prof-interval=${SAMPLE_MICROS}`,
      };
      await withOwnServers((servers) => runLine(servers, form, events, { environment }));
      lines.push(
        `${events.length} events, ${form}, starting and stopping included:`,
        '',
        '```',
        ...topFrames(directory, form),
        '```',
        '',
      );
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  return lines.join('\n').trimEnd();
}

function topFrames(directory: string, form: Form): string[] {
  const services = form === 'through the gateway' ? ['gateway', 'enricher', 'aggregator'] : ['enricher', 'aggregator'];
  const blocks = new Map<string, string[]>();
  for (const file of readdirSync(directory)) {
    const profile = JSON.parse(readFileSync(join(directory, file), 'utf8')) as CpuProfile;
    const service = services.find((name) =>
      profile.nodes.some(({ callFrame }) => callFrame.url.includes(`/apps/${name}/`)),
    );
    if (service !== undefined) blocks.set(service, [...framesOf(service, profile), '']);
  }
  return services.flatMap((service) => blocks.get(service) ?? []).slice(0, -1);
}

function framesOf(service: string, { nodes, samples, timeDeltas }: CpuProfile): string[] {
  const places = new Placement();
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const micros = new Map<string, number>();
  let total = 0;
  samples.forEach((id, index) => {
    const frame = frames.get(id);
    const spent = timeDeltas[index + 1] ?? 0;
    if (frame === undefined || spent < 0 || NOT_WORK.has(frame.functionName)) return;
    const name = `${frame.functionName || '(anonymous)'}  ${places.of(frame)}`.trimEnd();
    micros.set(name, (micros.get(name) ?? 0) + spent);
    total += spent;
  });
  const top = [...micros].sort(([, a], [, b]) => b - a).slice(0, FRAMES);
  const line = (spent: number, name: string): string =>
    `${((100 * spent) / total).toFixed(1).padStart(6)} % ${(spent / 1e6).toFixed(2).padStart(6)} s  ${name}`;
  const shown = top.reduce((sum, [, spent]) => sum + spent, 0);
  return [
    `${service}: ${(total / 1e6).toFixed(2)} s at work on its main thread`,
    ...top.map(([name, spent]) => line(spent, name)),
    line(total - shown, `the other ${micros.size - top.length} functions`),
  ];
}

/** Finds where a function of a bundle stands in the sources. */
class Placement {
  private readonly maps = new Map<string, SourceMap | null>();

  of({ url, lineNumber, columnNumber }: CpuProfile['nodes'][number]['callFrame']): string {
    if (!url.startsWith('file:')) return url;
    const file = fileURLToPath(url);
    const origin = this.mapOf(file)?.findEntry(lineNumber, columnNumber);
    if (origin && 'originalSource' in origin && origin.originalSource) {
      const source = relative(process.cwd(), join(file, '..', origin.originalSource));
      return `${source}:${origin.originalLine + 1}`;
    }
    return relative(process.cwd(), file);
  }

  private mapOf(file: string): SourceMap | null {
    let map = this.maps.get(file);
    if (map === undefined) {
      const mapFile = `${file}.map`;
      map = existsSync(mapFile)
        ? new SourceMap(JSON.parse(readFileSync(mapFile, 'utf8')) as ConstructorParameters<typeof SourceMap>[0])
        : null;
      this.maps.set(file, map);
    }
    return map;
  }
}
