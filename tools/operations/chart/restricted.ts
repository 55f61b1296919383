import type { Container, PodSpec } from './chart-objects';

/** Kinds of volumes that the policy allows. */
const VOLUMES = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
];

/**
 * What the `restricted` Pod Security standard forbids of a pod, one sentence each
 * (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
 */
export function forbidden(pod: PodSpec): string[] {
  const problems: string[] = [];
  if (pod.hostNetwork || pod.hostPID || pod.hostIPC) problems.push('it shares a namespace of the node');
  for (const volume of pod.volumes ?? []) {
    const kind = Object.keys(volume).find((key) => key !== 'name') ?? 'none';
    if (!VOLUMES.includes(kind)) problems.push(`volume ${volume.name} is a ${kind}`);
  }
  for (const container of [...pod.containers, ...(pod.initContainers ?? [])]) {
    problems.push(...forbiddenOf(container, pod).map((problem) => `container ${container.name} ${problem}`));
  }
  return problems;
}

function forbiddenOf(
  { securityContext = {}, ports = [] }: Container,
  { securityContext: ofPod = {} }: PodSpec,
): string[] {
  const { capabilities = {}, allowPrivilegeEscalation, privileged } = securityContext;
  const profile = (securityContext.seccompProfile ?? ofPod.seccompProfile)?.type ?? '';
  const rules: readonly (readonly [boolean, string])[] = [
    [privileged === true, 'is privileged'],
    [allowPrivilegeEscalation !== false, 'may gain privileges'],
    [!(securityContext.runAsNonRoot ?? ofPod.runAsNonRoot), 'may run as root'],
    [(securityContext.runAsUser ?? ofPod.runAsUser) === 0, 'runs as root'],
    [!['RuntimeDefault', 'Localhost'].includes(profile), 'has no seccomp profile'],
    [!(capabilities.drop ?? []).includes('ALL'), 'keeps capabilities'],
    [(capabilities.add ?? []).some((name) => name !== 'NET_BIND_SERVICE'), 'adds capabilities'],
    [ports.some(({ hostPort }) => hostPort !== undefined), 'takes a port of the node'],
  ];
  return rules.flatMap(([broken, problem]) => (broken ? [problem] : []));
}
