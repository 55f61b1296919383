import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A file that stands in the chart too, since a chart can hold only what is below its directory. */
export interface Copy {
  readonly from: string;
  readonly to: string;
}

const FILES = 'helm/tillstream/files';

/** Alerts and dashboards, with where the chart has them; paths from the root. */
export function copies(root: string): readonly Copy[] {
  const dashboards = join(root, 'deploy/grafana');
  const jsons = existsSync(dashboards) ? readdirSync(dashboards).filter((file) => file.endsWith('.json')) : [];
  return [
    { from: 'deploy/prometheus/alerts.yaml', to: `${FILES}/alerts.yaml` },
    ...jsons.map((file) => ({ from: `deploy/grafana/${file}`, to: `${FILES}/dashboards/${basename(file)}` })),
  ];
}

/** Those that are not the same as what they were copied from. */
export function differing(root: string): readonly Copy[] {
  return copies(root).filter(({ from, to }) => textOf(join(root, from)) !== textOf(join(root, to)));
}

function textOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}
