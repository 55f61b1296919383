import type { Panel, Query, Row } from './panel';

/** What the reader chooses at the top of a dashboard. */
export interface Choice {
  readonly name: string;
  readonly label: string;
  /** Whose values of which label there are to choose from. */
  readonly values: string;
  readonly several: boolean;
}

/** One page of panels. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly about: string;
  readonly choices: readonly Choice[];
  readonly rows: readonly Row[];
}

/** As wide as Grafana's grid. */
const GRID = 24;
const LINES = { w: 8, h: 8 } as const;
const NOW = { w: 4, h: 4 } as const;
const DATASOURCE = { type: 'prometheus', uid: '${datasource}' } as const;

/** Platforms in several namespaces are told apart; where there are none, this chooses everything. */
const NAMESPACE: Choice = {
  name: 'namespace',
  label: 'Namespace',
  values: 'label_values(tillstream_info, namespace)',
  several: true,
};

/** A dashboard as Grafana imports it. */
export function toGrafana({ uid, title, about, choices, rows }: Dashboard): object {
  return {
    uid,
    title,
    description: about,
    tags: ['tillstream'],
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    schemaVersion: 39,
    time: { from: 'now-1h', to: 'now' },
    links: [{ type: 'dashboards', tags: ['tillstream'], title: 'Tillstream', asDropdown: true, keepTime: true }],
    templating: { list: [chooseDatasource(), ...[NAMESPACE, ...choices].map(choose)] },
    annotations: { list: [alertsAsMarks()] },
    panels: laidOut(rows),
  };
}

/** Panels from left to right, rows from top to bottom. */
function laidOut(rows: readonly Row[]): readonly object[] {
  const placed: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    placed.push({
      type: 'row',
      id: placed.length + 1,
      title,
      collapsed: false,
      gridPos: { x: 0, y, w: GRID, h: 1 },
      panels: [],
    });
    y += 1;
    let [x, tallest] = [0, 0];
    for (const panel of panels) {
      const { w, h } = panel.kind === 'now' ? NOW : LINES;
      if (x + w > GRID) [x, y, tallest] = [0, y + tallest, 0];
      placed.push({ id: placed.length + 1, gridPos: { x, y, w, h }, ...drawn(panel) });
      [x, tallest] = [x + w, Math.max(tallest, h)];
    }
    y += tallest;
  }
  return placed;
}

function drawn(panel: Panel): object {
  const common = {
    title: panel.title,
    description: panel.about,
    datasource: DATASOURCE,
    targets: panel.queries.map((query, index) => target(query, index, panel.kind)),
  };
  const { unit } = panel;
  if (panel.kind === 'now') {
    return {
      ...common,
      type: 'stat',
      options: {
        reduceOptions: { calcs: ['lastNotNull'] },
        colorMode: 'background',
        graphMode: 'none',
        textMode: 'auto',
      },
      fieldConfig: { defaults: { unit, thresholds: { mode: 'absolute', steps: steps(panel) } }, overrides: [] },
    };
  }
  return {
    ...common,
    type: 'timeseries',
    options: { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } },
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 8, showPoints: 'never' } }, overrides: [] },
  };
}

function target({ expr, legend }: Query, index: number, kind: Panel['kind']): object {
  return {
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: DATASOURCE,
    expr,
    legendFormat: legend,
    ...(kind === 'now' ? { instant: true, range: false } : { range: true }),
  };
}

function steps({ redFrom, redBelow }: Panel): readonly object[] {
  if (redBelow !== undefined)
    return [
      { color: 'red', value: null },
      { color: 'green', value: redBelow },
    ];
  if (redFrom !== undefined)
    return [
      { color: 'green', value: null },
      { color: 'red', value: redFrom },
    ];
  return [{ color: 'blue', value: null }];
}

function chooseDatasource(): object {
  return { name: 'datasource', label: 'Prometheus', type: 'datasource', query: 'prometheus', hide: 0, current: {} };
}

function choose({ name, label, values, several }: Choice): object {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query: values, refId: name },
    refresh: 2,
    sort: 1,
    multi: several,
    includeAll: several,
    ...(several ? { allValue: '.*', current: { text: 'All', value: '$__all' } } : { current: {} }),
  };
}

/** Where an alert fired, a mark is drawn over all panels. */
function alertsAsMarks(): object {
  return {
    name: 'Alerts',
    datasource: DATASOURCE,
    enable: true,
    iconColor: 'red',
    expr: 'ALERTS{alertstate="firing", alertname=~"Tillstream.*", namespace=~"$namespace"}',
    titleFormat: '{{alertname}}',
    textFormat: '{{service}} {{stream}} {{topic}} {{partition}}',
    step: '30s',
  };
}
