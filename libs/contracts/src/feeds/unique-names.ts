import type { FeedColumn } from './feed';

/** Gives columns whose name is taken (ignoring case) by an earlier one another: `category`, `category_2`. */
export function withUniqueNames(columns: readonly FeedColumn[]): readonly FeedColumn[] {
  const taken = new Set<string>();
  return columns.map((column) => {
    let { name } = column;
    for (let n = 2; taken.has(name.toLowerCase()); n++) name = `${column.name}_${n}`;
    taken.add(name.toLowerCase());
    return name === column.name ? column : { ...column, name };
  });
}
