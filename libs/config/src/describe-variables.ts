import { z } from 'zod';
import type { Variables } from './parse-environment';
import { formOf } from './parsers';

/** What there is to know of a variable before anybody has set it. */
export interface VariableDescription {
  readonly name: string;
  /** What it is for; empty where its name says all. */
  readonly about: string;
  /** What it takes, as in "a whole number of at least 1". */
  readonly takes: string;
  /** As it would be written; null: there is none. */
  readonly byDefault: string | null;
  /** The service does not start without it. */
  readonly isNeeded: boolean;
  readonly isSecret: boolean;
}

/** A service, as far as somebody needs to know who sets its variables. */
export interface ServiceConfiguration {
  readonly service: string;
  /** What the service does, in a line. */
  readonly about: string;
  readonly variables: Variables;
}

export function describeVariables(variables: Variables): readonly VariableDescription[] {
  return Object.entries(variables).map(([name, schema]) => {
    const form = formOf(schema);
    return {
      name,
      about: schema.description ?? '',
      takes: form.says,
      byDefault: schema instanceof z.ZodDefault ? form.write(schema.def.defaultValue as never) : null,
      isNeeded: !(schema instanceof z.ZodDefault || schema instanceof z.ZodOptional),
      isSecret: form.isSecret,
    };
  });
}
