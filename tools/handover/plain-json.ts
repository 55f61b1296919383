/** JSON of values with maps and bytes in them. */
export function toJson(value: unknown): string {
  return JSON.stringify(packed(value));
}

/** The value again. */
export function fromJson<T>(json: string): T {
  return unpacked(JSON.parse(json)) as T;
}

/** Before JSON looks at it: what it makes of a Buffer by itself is long, and no Buffer. */
function packed(value: unknown): unknown {
  if (value instanceof Map) return { map: [...value].map(packed) };
  if (value instanceof Uint8Array) return { bytes: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(packed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, packed(part)]));
}

function unpacked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== 'object' || value === null) return value;
  const { map, bytes, ...others } = value as { readonly map?: unknown; readonly bytes?: unknown };
  if (Object.keys(others).length === 0 && Array.isArray(map)) return new Map(map.map(unpacked) as [unknown, unknown][]);
  if (Object.keys(others).length === 0 && typeof bytes === 'string')
    return Uint8Array.from(Buffer.from(bytes, 'base64'));
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unpacked(part)]));
}
