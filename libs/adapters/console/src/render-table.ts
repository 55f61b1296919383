import type { FeedColumn, FeedRow } from '@tillstream/contracts';
import { cellText, cut, isRightAligned } from './cell-text';

export interface TableLook {
  /** Most rows of a table; how many more there are is said below it. */
  readonly rows: number;
  /** Most characters of a cell. */
  readonly width: number;
  /** Whether each row begins with its id. */
  readonly ids: boolean;
}

interface Shown {
  readonly name: string;
  readonly isRight: boolean;
  readonly cells: readonly string[];
}

const GAP = '  ';

/** A title, then rows in aligned columns, numbers to the right, and an empty line. */
export function renderTable(
  title: string,
  columns: readonly FeedColumn[],
  rows: readonly FeedRow[],
  { rows: most, width, ids }: TableLook,
): string {
  const shown = rows.slice(0, most);
  const own = columns.map(({ name, type }): Shown => {
    const cells = shown.map(({ values }) => cellText(values[name] ?? null, type, width));
    return { name: cut(name, width), isRight: isRightAligned(type), cells };
  });
  const id: Shown = { name: 'id', isRight: false, cells: shown.map((row) => cellText(row.id, 'string', width)) };
  const more = rows.length - shown.length;
  const lines = [`── ${title}`, ...tableLines(ids ? [id, ...own] : own, shown.length)];
  if (more > 0) lines.push(`… and ${more} more`);
  return `${lines.join('\n')}\n\n`;
}

function tableLines(columns: readonly Shown[], rows: number): readonly string[] {
  const widths = columns.map(({ name, cells }) => Math.max(lengthOf(name), ...cells.map(lengthOf)));
  const line = (cell: (column: Shown) => string): string =>
    columns
      .map((column, i) => {
        const room = ' '.repeat((widths[i] as number) - lengthOf(cell(column)));
        return column.isRight ? room + cell(column) : cell(column) + room;
      })
      .join(GAP)
      .trimEnd();
  return [
    line(({ name }) => name),
    ...Array.from({ length: rows }, (_, at) => line(({ cells }) => cells[at] as string)),
  ];
}

function lengthOf(text: string): number {
  return [...text].length;
}
