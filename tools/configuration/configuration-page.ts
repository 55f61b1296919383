import { describeVariables, type ServiceConfiguration, type VariableDescription } from '@tillstream/config';

const BEGIN = '<!-- variables: written by `node tools/bootstrap/run.mjs configuration` -->';
const END = '<!-- end of variables -->';

/** Where the same variables stand in several services, their part of the page. */
const PARTS: readonly (readonly [title: string, belongs: (name: string) => boolean])[] = [
  ['Kafka', (name) => name.startsWith('KAFKA_')],
  ['Redis', (name) => name.startsWith('REDIS_')],
];

/** The page, with what it tells of variables put in. @throws Error when it has no place for that */
export function withVariables(page: string, services: readonly ServiceConfiguration[]): string {
  const [before, rest] = page.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) throw new Error(`the page lacks ${BEGIN} or ${END}`);
  return `${before}${BEGIN}\n\n${variablesText(services)}\n${END}${after}`;
}

function variablesText(services: readonly ServiceConfiguration[]): string {
  const told = services.map(({ service, variables }) => ({ service, variables: describeVariables(variables) }));
  const common = told[0]!.variables.filter(({ name }) => told.every(({ variables }) => has(variables, name)));
  const shared = PARTS.map(([title, belongs]) => {
    const all = new Map(
      told.flatMap(({ variables }) => variables.map((variable) => [variable.name, variable] as const)),
    );
    return { title, variables: [...all.values()].filter(({ name }) => belongs(name)) };
  });
  const elsewhere = new Set([...common, ...shared.flatMap(({ variables }) => variables)].map(({ name }) => name));
  const ports = (name: string): boolean => name === 'HTTP_PORT' || name === 'GRPC_PORT';
  return [
    part(
      'Every service',
      common.filter(({ name }) => !ports(name)),
    ),
    ...shared.map(({ title, variables }) => part(title, variables)),
    ...told.map(({ service, variables }, index) =>
      part(
        `\`${service}\``,
        variables.filter(({ name }) => ports(name) || !elsewhere.has(name)),
        services[index]!.about,
      ),
    ),
  ].join('\n');
}

const has = (variables: readonly VariableDescription[], name: string): boolean =>
  variables.some((variable) => variable.name === name);

function part(title: string, variables: readonly VariableDescription[], about = ''): string {
  const rows = variables.map(({ name, about: what, takes, byDefault, isNeeded }) => {
    const fallback = isNeeded ? 'must be set' : byDefault === null || byDefault === '' ? '' : `\`${byDefault}\``;
    return `| \`${name}\` | ${cell(takes)} | ${fallback} | ${cell(what)} |`;
  });
  const head = ['| variable | takes | default | |', '| --- | --- | --- | --- |'];
  return [`### ${title}`, '', ...(about === '' ? [] : [`${about}.`, '']), ...head, ...rows, ''].join('\n');
}

const cell = (text: string): string => text.replaceAll('|', '\\|');
