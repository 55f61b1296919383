import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DASHBOARDS, DASHBOARDS_DIRECTORY } from './all';
import { toGrafana } from './dashboard';

interface Placed {
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}

describe.each(Object.entries(DASHBOARDS))('the dashboard %s', (file, dashboard) => {
  it('is shipped as it is written here', () => {
    const shipped: unknown = JSON.parse(readFileSync(join(DASHBOARDS_DIRECTORY, file), 'utf8'));
    expect(shipped).toEqual(JSON.parse(JSON.stringify(toGrafana(dashboard)))); // else: npm run dashboards
  });

  it('explains every panel, and calls no two of a row the same', () => {
    for (const { panels } of dashboard.rows) {
      expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
      for (const { about, queries } of panels) {
        expect(about).toMatch(/^[A-Z].{10,}[.]$/);
        expect(queries.length).toBeGreaterThan(0);
      }
    }
  });

  it('asks for what was chosen at its top, and for nothing that cannot be chosen', () => {
    const known = new Set(['__rate_interval', 'namespace', ...dashboard.choices.map(({ name }) => name)]);
    const exprs = dashboard.rows.flatMap(({ panels }) =>
      panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)),
    );
    for (const expr of exprs) {
      const used = [...expr.matchAll(/\$(\w+)/g)].map(([, name]) => name ?? '');
      expect(used.filter((name) => !known.has(name))).toEqual([]);
      for (const { name } of dashboard.choices) expect(expr).toContain(`$${name}`);
    }
  });

  it('puts no panel over another, and none beyond the edge', () => {
    const { panels } = toGrafana(dashboard) as { panels: readonly Placed[] };
    const cells = new Set<string>();
    for (const { gridPos } of panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(cells.has(`${x}/${y}`)).toBe(false);
          cells.add(`${x}/${y}`);
        }
      }
    }
  });
});
