import type { Field, StreamSchema } from './schema';

/** The declared field of that name, or null. */
export function fieldByName(schema: StreamSchema, name: string): Field | null {
  return schema.fields.find((field) => field.name === name) ?? null;
}

/** Where the value of a field stands in an event: `meta.domain`. */
export function pathOf({ path, name }: Pick<Field, 'path' | 'name'>): string {
  return path ?? name;
}
