import { copyFile } from 'node:fs/promises';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { cached, fingerprint } from '@tillstream/local';
import Ajv, { type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import type { ChartObject } from './chart-objects';

const PROMETHEUS = 'example/prometheus-operator-crd/monitoring.coreos.com_';
/** Go modules that hold definitions of kinds that are none of Kubernetes' own. */
const MODULES: readonly { readonly module: string; readonly files: readonly string[] }[] = [
  {
    module: 'github.com/kedacore/keda/v2@v2.21.0',
    files: ['scaledobjects', 'triggerauthentications'].map((kind) => `config/crd/bases/keda.sh_${kind}.yaml`),
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.88.0',
    files: ['podmonitors', 'servicemonitors', 'prometheusrules'].map((kind) => `${PROMETHEUS}${kind}.yaml`),
  },
  {
    module: 'sigs.k8s.io/gateway-api@v1.4.0',
    files: ['httproutes', 'grpcroutes'].map((kind) => `config/crd/standard/gateway.networking.k8s.io_${kind}.yaml`),
  },
];
const STRIMZI = join(__dirname, 'strimzi-kafkatopic.yaml');

/** Paths of definitions (CRDs): Strimzi's topic, and those of KEDA, the Prometheus operator and the Gateway API where Go can fetch them. */
export async function definitionFiles(): Promise<{ readonly paths: readonly string[]; readonly complete: boolean }> {
  try {
    const directory = await cached(`crds-${fingerprint(JSON.stringify(MODULES))}`, fetchInto);
    return { paths: [STRIMZI, ...readdirSync(directory).map((file) => join(directory, file))], complete: true };
  } catch (error) {
    process.stderr.write(
      `skipped: objects of KEDA, the Prometheus operator and the Gateway API: their definitions come from Go modules: ${String(error)}\n`,
    );
    return { paths: [STRIMZI], complete: false };
  }
}

async function fetchInto(directory: string): Promise<void> {
  const modules = MODULES.map(({ module }) => module);
  // In a directory that is no module, so that `go` looks nothing else up.
  const { stdout } = await promisify(execFile)('go', ['mod', 'download', '-json', ...modules], { cwd: directory });
  const found = parseStream(stdout);
  for (const { module, files } of MODULES) {
    const [path] = module.split('@');
    const root = found.find((one) => one.Path === path)?.Dir;
    if (root === undefined) throw new Error(`${module} was not downloaded`);
    for (const file of files) await copyFile(join(root, file), join(directory, basename(file)));
  }
}

/** `go` writes one object after the other. */
function parseStream(text: string): readonly { readonly Path: string; readonly Dir?: string }[] {
  return JSON.parse(`[${text.replaceAll(/^\}\n\{/gm, '},{')}]`) as { Path: string; Dir?: string }[];
}

interface Definition {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
}

interface Schema {
  readonly [key: string]: unknown;
}

/** Compares objects with definitions, as strictly as a server that is told to warn of unknown fields. */
export class Definitions {
  private readonly checks = new Map<string, ValidateFunction>();

  constructor(paths: readonly string[]) {
    const ajv = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false, allErrors: true });
    for (const { spec } of paths.map((path) => parse(readFileSync(path, 'utf8')) as Definition)) {
      for (const { name, schema } of spec.versions) {
        const key = `${spec.group}/${name} ${spec.names.kind}`;
        this.checks.set(key, ajv.compile(strict(schema.openAPIV3Schema, true)));
      }
    }
  }

  /** Undefined: nobody has defined such objects. */
  problemsOf(object: ChartObject): readonly string[] | undefined {
    const check = this.checks.get(`${object.apiVersion} ${object.kind}`);
    if (!check) return undefined;
    check(object);
    return (check.errors ?? []).map(
      ({ instancePath, message = '', params }) => `${instancePath || '/'}: ${message} ${JSON.stringify(params)}`,
    );
  }
}

/** JSON Schema of an OpenAPI schema in which fields that nobody has declared are wrong. */
function strict(schema: Schema, isRoot = false): Schema {
  const result: Record<string, unknown> = { ...schema };
  if (schema['x-kubernetes-int-or-string']) result['type'] = ['integer', 'string'];
  // Flags within a pattern are Go's: JavaScript knows none.
  if (String(schema['pattern']).includes('(?')) delete result['pattern'];
  if (isMap(schema['properties'])) {
    result['properties'] = Object.fromEntries(
      Object.entries(schema['properties']).map(([name, property]) => [
        name,
        isRoot && name === 'metadata' ? {} : strict(property as Schema),
      ]),
    );
    if (!schema['x-kubernetes-preserve-unknown-fields'] && schema['additionalProperties'] === undefined) {
      result['additionalProperties'] = false;
    }
  }
  if (isMap(schema['items'])) result['items'] = strict(schema['items']);
  if (isMap(schema['additionalProperties'])) result['additionalProperties'] = strict(schema['additionalProperties']);
  return result;
}

function isMap(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
