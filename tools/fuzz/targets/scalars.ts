import { EventTimeParser, parseMoney } from '@tillstream/core';

import { isNumberText, toUnits } from '../../oracle/raw/decimal';
import { instantOfText } from '../../oracle/raw/instant';
import { NumberLiteral } from '../../../libs/core/src/json/number-literal';
import { expectSame, type FuzzTarget } from '../fuzz-target';

const LATEST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const EXPONENTS = [0, 2, 3];

const times = new EventTimeParser();
const literal = new NumberLiteral();

function run(input: Uint8Array): void {
  const text = Buffer.from(input).toString('latin1');
  // The text stands among other bytes, which must not matter.
  const around = Uint8Array.of(0x39, ...input, 0x39, 0x5a);
  const end = input.length + 1;
  const target = new Float64Array(1);

  const read = times.parseText(around, 1, end, target, 0) ? target[0] : null;
  const instant = instantOfText(text);
  expectSame('event time', read, instant !== null && instant >= 0 && instant <= LATEST_MS ? instant : null);

  const isNumber = isNumberText(text);
  const scanned = literal.scan(around, 1, end) === end;
  expectSame('a JSON number', scanned, isNumber);
  if (isNumber) {
    literal.toDouble(around, 1, end, target, 0);
    expectSame('double', target[0], Number(text));
  }
  const ascii = input.every((byte) => byte < 0x80);
  for (const exponent of ascii ? EXPONENTS : []) {
    const money = parseMoney(text, exponent);
    const { units, exact } = isNumber ? toUnits(text, exponent) : { units: null, exact: false };
    const fits =
      units !== null && units <= BigInt(Number.MAX_SAFE_INTEGER) && -units <= BigInt(Number.MAX_SAFE_INTEGER);
    expectSame(`money with ${exponent} digits`, money, fits ? { minor: Number(units), rounded: !exact } : null);
  }
}

const TEXTS = [
  ...[
    '2019-10-01T00:00:00Z',
    '2019-10-01 00:00:00 UTC',
    '2019-10-01T00:00:00,123456789+05:30',
    '2024-02-29',
    '2019-10-01t02:00+02',
  ],
  ...['1569888000', '1569888000123', '1569888000.9999', '1969-12-31T23:00:00-01:00', '9999-12-31T23:59:59.999Z', '1e9'],
  ...[
    '0',
    '-0',
    '19.99',
    '2699.9700000000003',
    '90071992547409.91',
    '1e400',
    '1E-400',
    '0.125',
    '-12.345e+2',
    '12345678901234567890',
  ],
  ...[
    '9007199254740991',
    '9007199254740992',
    '9007199254740993',
    '0.5',
    '1.5',
    '2.5',
    '1e22',
    '1e23',
    '4.9e-324',
    '123456789012345678e-10',
  ],
];

export const target: FuzzTarget = {
  name: 'scalars',
  about: 'event times, numbers and amounts as text: the same value as the slow parsers have, or refused like them',
  maxBytes: 64,
  dictionary: [
    '-',
    ':',
    '.',
    ',',
    'e',
    'E+',
    'T',
    ' UTC',
    'Z',
    '+00:00',
    '00',
    '99',
    '000000000000000',
    '9007199254740993',
  ],
  seeds: () => TEXTS.map((text) => Buffer.from(text)),
  run,
};
