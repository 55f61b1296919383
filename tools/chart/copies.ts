import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** A file that stands in the chart too, since a chart can hold only what is below its directory. */
export interface Copy {
  readonly from: string;
  readonly to: string;
}

const FILES = 'helm/tillstream/files';
const [SOURCE, COPIED] = ['deploy/grafana', `${FILES}/dashboards`];

/** Alerts and dashboards, with where the chart has them; paths from the root. One of both may be missing. */
function copies(root: string): readonly Copy[] {
  const boards = [SOURCE, COPIED].flatMap((directory) => readdirSync(join(root, directory)));
  return [
    { from: 'deploy/prometheus/alerts.yaml', to: `${FILES}/alerts.yaml` },
    ...[...new Set(boards)].map((file) => ({ from: `${SOURCE}/${file}`, to: `${COPIED}/${file}` })),
  ];
}

/** Those that are not the same as what they were copied from. */
export function differing(root: string): readonly Copy[] {
  return copies(root).filter(({ from, to }) => textOf(join(root, from)) !== textOf(join(root, to)));
}

/** Makes the copy the same as what it was copied from, which may be gone. */
export function copy(root: string, { from, to }: Copy): void {
  const [source, target] = [join(root, from), join(root, to)];
  if (existsSync(source)) copyFileSync(source, target);
  else rmSync(target);
}

function textOf(path: string): string | null {
  return existsSync(path) ? readFileSync(path, 'utf8') : null;
}
