import { eventFindings } from './examine-events';
import { clockFindings, dependencyFindings, resourceFindings, unreadyFindings } from './examine-process';
import { sinkFindings, taskFindings, viewFindings } from './examine-work';
import type { Finding, Observation } from './finding';
import type { ServiceLook } from './service-look';

/** Two looks at one service, a moment apart. */
export interface ServiceLooks {
  readonly first: ServiceLook;
  readonly second: ServiceLook;
}

/** What services say of themselves that should be otherwise. Counters are compared between the looks where only news is a finding. */
export function examineServices(services: readonly ServiceLooks[]): Finding[] {
  const names = services.map(({ second }) => second.name);
  return services.flatMap(({ first, second }): Finding[] => {
    const { name, trouble, url } = second;
    if (trouble !== null || name === null) return [away(url, trouble)];
    const isOneOfSeveral = names.filter((other) => other === name).length > 1;
    const about = isOneOfSeveral ? `${name} at ${url}` : name;
    return examine(first, second).map((observation) => ({ ...observation, about }));
  });
}

const away = (url: string, trouble: string | null): Finding => ({
  ...{ severity: 'problem', about: url, what: `nobody answers: ${trouble ?? 'it is none of the services'}` },
  remedy:
    'Start it, or see in its log why it ended: the last lines name what is wrong. --service URL says where a service is, if it is elsewhere.',
});

function examine(first: ServiceLook, second: ServiceLook): Observation[] {
  return [
    ...unreadyFindings(second),
    ...clockFindings(second),
    ...resourceFindings(second),
    ...dependencyFindings(first, second),
    ...taskFindings(first, second),
    ...eventFindings(second),
    ...sinkFindings(second),
    ...viewFindings(second),
  ];
}
