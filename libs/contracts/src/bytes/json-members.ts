import { parseMoney } from '@tillstream/core';
import { parseInstant } from '../results/instant';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads the JSON object in a record's value. Null where there is none, and where it is not as `read` asks for it: somebody else,
 * or a version that knows more, has written it.
 */
export function readJsonValue<T>(
  value: Uint8Array | null,
  moneyExponent: number,
  read: (members: JsonMembers) => T,
): T | null {
  if (value === null) return null;
  try {
    return read(new JsonMembers(JSON.parse(decoder.decode(value)), moneyExponent));
  } catch {
    return null; // broken UTF-8 or JSON, or no such members
  }
}

/** Members of a JSON object, each asked for as what it must be. @throws RangeError where it is not */
export class JsonMembers {
  private readonly json: Readonly<Record<string, unknown>>;

  constructor(
    json: unknown,
    private readonly moneyExponent: number,
  ) {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new RangeError('no object');
    this.json = json as Readonly<Record<string, unknown>>;
  }

  text(name: string): string {
    return this.as(name, isText);
  }

  textOrNull(name: string): string | null {
    return this.isNull(name) ? null : this.text(name);
  }

  texts(name: string): readonly string[] {
    return this.as(name, (value): value is string[] => Array.isArray(value) && value.every(isText));
  }

  /** Texts by names of their own. */
  textsByName(name: string): Readonly<Record<string, string>> {
    const { json } = this.object(name);
    if (!Object.values(json).every(isText)) throw new RangeError(`${name} is not of texts`);
    return json as Readonly<Record<string, string>>;
  }

  /** A whole number that is not negative. */
  count(name: string): number {
    return this.as(name, (value): value is number => Number.isSafeInteger(value) && Number(value) >= 0);
  }

  number(name: string): number {
    return this.as(name, (value): value is number => typeof value === 'number');
  }

  flag(name: string): boolean {
    return this.as(name, (value): value is boolean => typeof value === 'boolean');
  }

  /** Epoch ms. */
  instant(name: string): number {
    const epochMs = parseInstant(this.json[name]);
    if (epochMs === null) throw new RangeError(`${name} is not an instant`);
    return epochMs;
  }

  /** An amount in minor units. */
  money(name: string): number {
    const amount = parseMoney(this.text(name), this.moneyExponent);
    if (amount === null || amount.rounded) throw new RangeError(`${name} is not an amount`);
    return amount.minor;
  }

  moneyOrNull(name: string): number | null {
    return this.isNull(name) ? null : this.money(name);
  }

  object(name: string): JsonMembers {
    return new JsonMembers(this.json[name], this.moneyExponent);
  }

  objects(name: string): readonly JsonMembers[] {
    const list = this.as(name, (value): value is unknown[] => Array.isArray(value));
    return list.map((item) => new JsonMembers(item, this.moneyExponent));
  }

  /** It is absent, or null. */
  isNull(name: string): boolean {
    return (this.json[name] ?? null) === null;
  }

  private as<T>(name: string, is: (value: unknown) => value is T): T {
    const value = this.json[name];
    if (!is(value)) throw new RangeError(`${name} is not what it must be`);
    return value;
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}
