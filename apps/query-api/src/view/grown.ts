/** A column with room for `count` values: itself, or a copy that is half as large again. */
export function grown<Column extends Uint8Array | Uint32Array | Int32Array | Float64Array>(
  column: Column,
  count: number,
): Column {
  if (count <= column.length) return column;
  const larger = new (column.constructor as new (length: number) => Column)(Math.ceil(count * 1.5));
  larger.set(column);
  return larger;
}
