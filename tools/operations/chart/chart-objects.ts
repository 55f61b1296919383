import { parseAllDocuments } from 'yaml';

/** An object as it goes to Kubernetes; what is below `metadata` is of its kind. */
export interface ChartObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: unknown;
  readonly data?: Readonly<Record<string, string>>;
  /** Of a PriorityClass. */
  readonly value?: number;
}

/** The parts of a pod that tests look at. */
export interface PodSpec {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly securityContext?: PodSecurity;
  readonly automountServiceAccountToken?: boolean;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly hostIPC?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly topologySpreadConstraints?: readonly { readonly topologyKey: string }[];
}

export interface PodSecurity {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: { readonly type: string };
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
  readonly env?: readonly Variable[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number; readonly hostPort?: number }[];
  readonly resources?: { readonly requests?: object; readonly limits?: object };
  readonly securityContext?: PodSecurity & {
    readonly allowPrivilegeEscalation?: boolean;
    readonly privileged?: boolean;
    readonly readOnlyRootFilesystem?: boolean;
    readonly capabilities?: { readonly drop?: readonly string[]; readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly subPath?: string }[];
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
}

export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string; readonly key: string } };
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string; readonly scheme?: string };
}

interface Volume {
  readonly name: string;
  readonly secret?: {
    readonly secretName: string;
    readonly items?: readonly { readonly key: string; readonly path: string }[];
  };
  readonly [kind: string]: unknown;
}

/** All objects of rendered files, in order. */
export function objectsOf(files: Readonly<Record<string, string>>): readonly ChartObject[] {
  return Object.entries(files)
    .filter(([path]) => path.endsWith('.yaml'))
    .flatMap(([path, text]) =>
      parseAllDocuments(text).flatMap((document) => {
        if (document.errors.length > 0) throw new Error(`${path}: ${document.errors.join('\n')}`);
        const object = document.toJS() as ChartObject | null;
        return object === null ? [] : [object];
      }),
    );
}

/** The pod that an object is or makes; null for those without one. */
export function podOf({ kind, spec }: ChartObject): PodSpec | null {
  if (kind === 'Pod') return spec as PodSpec;
  const made = (spec as { readonly template?: { readonly spec?: PodSpec } } | undefined)?.template?.spec;
  return made?.containers ? made : null;
}

/** @throws Error that names those there are */
export function named(objects: readonly ChartObject[], kind: string, name: string): ChartObject {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found) return found;
  const there = objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
  throw new Error(`there is no ${kind} ${name}; there is ${there.join(', ') || 'none'}`);
}

/** The first container of a Deployment, with its variables by name. */
export function containerOf(objects: readonly ChartObject[], name: string, kind = 'Deployment') {
  const pod = podOf(named(objects, kind, name));
  const container = pod?.containers[0];
  if (!pod || !container) throw new Error(`${kind} ${name} has no container`);
  const variables = new Map((container.env ?? []).map((variable) => [variable.name, variable]));
  return { pod, container, variables };
}
