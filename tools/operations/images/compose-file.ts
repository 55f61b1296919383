import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const COMPOSE_FILE = 'deploy/compose/compose.yaml';

/** What these tests look at in a service of the compose file. */
export interface ComposeService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string; readonly target: string };
  readonly profiles?: readonly string[];
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly read_only?: boolean;
  readonly user?: string;
  readonly cap_drop?: readonly string[];
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** The compose file as Docker reads it when nothing is set: variables have their defaults. */
export function readComposeFile(): ComposeFile {
  const asWritten: unknown = parse(readFileSync(COMPOSE_FILE, 'utf8'), { merge: true });
  return JSON.parse(JSON.stringify(asWritten), withDefaults) as ComposeFile;
}

/** Docker puts values in after it has read the YAML: what is empty then is an empty text. */
function withDefaults(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.replace(/\$\{\w+:-([^}]*)\}/g, '$1') : value;
}
