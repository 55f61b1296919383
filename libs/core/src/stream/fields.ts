import type { Field, StreamSchema } from './schema';

/** The declared field of that name, or null. */
export function fieldByName(schema: StreamSchema, name: string): Field | null {
  return schema.fields.find((field) => field.name === name) ?? null;
}
