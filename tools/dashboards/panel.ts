/** Units as Grafana names them. */
export type Unit = 'short' | 'cps' | 'reqps' | 's' | 'bytes' | 'Bps' | 'percentunit' | 'bool_on_off' | 'dateTimeAsIso';

/** One line, or several of the same kind. */
export interface Query {
  readonly expr: string;
  /** What a line is called, with labels as `{{partition}}`. */
  readonly legend: string;
}

/** What is drawn: how something went on, or how it is now. */
export interface Panel {
  readonly kind: 'lines' | 'now';
  readonly title: string;
  /** What a reader should know who has not built this. */
  readonly about: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of a panel that shows how something is now: at which it turns red. */
  readonly redFrom?: number;
  /** … or below which. */
  readonly redBelow?: number;
}

/** Panels under a heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** How something went on. */
export function lines(title: string, about: string, unit: Unit, queries: Readonly<Record<string, string>>): Panel {
  return { kind: 'lines', title, about, unit, queries: queriesOf(queries) };
}

/** How something is now, red where it is bad. */
export function now(
  title: string,
  about: string,
  unit: Unit,
  queries: Readonly<Record<string, string>>,
  red: Pick<Panel, 'redFrom' | 'redBelow'> = {},
): Panel {
  return { kind: 'now', title, about, unit, queries: queriesOf(queries), ...red };
}

function queriesOf(queries: Readonly<Record<string, string>>): readonly Query[] {
  return Object.entries(queries).map(([legend, expr]) => ({ expr, legend }));
}
