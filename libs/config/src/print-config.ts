import { stringify } from 'yaml';
import type { ConfiguredEnvironment } from './configured-environment';
import { describeVariables, type ServiceConfiguration } from './describe-variables';
import { formOf, MASK } from './parsers';

const COLUMN = 60;
/** Settings of sinks that say where and not by whose leave. */
const OPEN_SETTING = /_(WHERE|REGION|ENDPOINT|USER)$/;
/** Variables of tracing that may hold keys. */
const SECRET_TRACING = /HEADERS|CERTIFICATE|KEY/;

/**
 * What a service would run with, as YAML that may be its configuration file but for the secrets, which are masked; behind each
 * value where it comes from.
 */
export function printedConfig(
  { service, variables }: ServiceConfiguration,
  { environment, sources }: ConfiguredEnvironment,
): string {
  const own = describeVariables(variables).map(({ name, byDefault, isNeeded }) => {
    const text = environment[name];
    if (text !== undefined) return line(name, shown(name, text), sources.get(name) ?? '');
    if (byDefault !== null && byDefault !== '') return line(name, byDefault, 'default');
    return `# ${name} is not set${isNeeded ? ', and must be' : ''}`;
  });
  const others = Object.entries(environment).flatMap(([name, text]) => {
    if (text === undefined || name in variables) return [];
    if (name.startsWith('TILLSTREAM_SINK_'))
      return line(name, OPEN_SETTING.test(name) ? text : MASK, sources.get(name) ?? '');
    if (name.startsWith('OTEL_')) {
      const value = SECRET_TRACING.test(name) ? MASK : text;
      return `# ${name}: ${value}`.padEnd(COLUMN) + ' # environment';
    }
    return [];
  });
  return [`# ${service} would run with`, ...own, ...others, ''].join('\n');

  function shown(name: string, text: string): string {
    const form = formOf(variables[name]!);
    return form.isSecret ? MASK : (form.mask?.(text) ?? text);
  }
}

function line(name: string, value: string, source: string): string {
  return `${stringify({ [name]: value }, { lineWidth: 0 })
    .trim()
    .padEnd(COLUMN)} # ${source}`;
}

/** What `--help` of a service prints. */
export function helpText({ service, about, variables }: ServiceConfiguration): string {
  const told = describeVariables(variables).map(({ name, about: what, takes, byDefault, isNeeded }) => {
    const fallback = byDefault === null || byDefault === '' ? '' : `; default ${byDefault}`;
    return `  ${name}${isNeeded ? ' (needed)' : ''}: ${takes}${fallback}\n${what === '' ? '' : `      ${what}\n`}`;
  });
  return `tillstream ${service}: ${about}

  node main.js                  runs the service until SIGTERM
  node main.js --print-config   prints what it would run with, secrets masked, and what is wrong with it
  node main.js --help           prints this

All is told by variables of the environment, or by the YAML file that TILLSTREAM_CONFIG_FILE names: a map of the same names.

${told.join('')}`;
}
