import { parseStreamFile } from './parse-stream-file';
import { formatProblems } from './problem';

/** A file without mistakes. Cases change one thing each; the line stays what it is here. */
const RIGHT = `stream: shop
partitions: 4
key: [user_id, session_id]
id: {field: event_id, dedupe: {within: 10m, maxRows: 1000}}
eventTime: {field: at, zone: UTC, outOfOrderness: 10s, idleAfter: 10s}
money: {currency: USD}
topics: {raw: events, late: late-events}
retention: {raw: 7d, parts: 24h}
fields:
  event_id: {type: string}
  event_type: {type: string, values: [view, cart, buy], aliases: {look: view}}
  at: {type: timestamp}
  user_id: {type: string, optional: true}
  session_id: {type: string, optional: true}
  price: {type: money, optional: true}
  quantity: {type: int, optional: true, default: 1}
  revenue: {type: money, default: {value: price * 2, where: event_type == 'buy'}}
  gift: {type: bool, optional: true}
  rating: {type: double, optional: true}
metrics:
  sales:
    where: event_type == 'buy' && price > 1.50
    groupBy: [event_type]
    window: {size: 1m, hop: 30s}
    outOfOrderness: 1m
    measures:
      total: sum(revenue)
      orders: count()
      visitors: distinct(user_id) where event_type == 'view'
      each: total / orders
    having: total > 100
    emit: {every: 50ms, maxPerSecond: 100}
`;

function problemsOf(text: string): string[] {
  const parsed = parseStreamFile(text, { file: 'shop.yaml' });
  return parsed.ok ? [] : formatProblems('', parsed.problems).split('\n');
}

/** The right file with one piece of text replaced, which must be there exactly once. */
function wrong(piece: string, by: string): string {
  expect(RIGHT.split(piece)).toHaveLength(2);
  return RIGHT.replace(piece, () => by);
}

describe('a stream file', () => {
  it('without mistakes has no problems', () => {
    expect(problemsOf(RIGHT)).toEqual([]);
  });

  it('with five mistakes gives all five, each with its line and column, in the order of the text', () => {
    const text = `stream: commerce
partitions: 4
key: [user_id]
eventTime: {field: timestamp, outOfOrderness: 10 seconds}
money: {currency: USD}
fields:
  timestamp: {type: timestamp}
  user_id: {type: string, optional: true}
  event_type: {type: string, values: [page_view, purchase]}
  category: {type: string, optinal: true}
metrics:
  revenue:
    where: event_type == 'purchas'
    groupBy: [categroy]
    window: {size: 1m, hop: 2m}
    measures: {purchases: count()}
`;
    expect(problemsOf(text)).toEqual([
      ':4:47: eventTime.outOfOrderness: "10 seconds" is not a duration: write a number and ms, s, m, h or d, such as 10s',
      ':10:28: fields.category.optinal: unknown key: did you mean optional?',
      ":13:26: metrics.revenue.where: 'purchas' is not one of its values: did you mean 'purchase'?",
      ':14:15: metrics.revenue.groupBy[0]: there is no field categroy: did you mean category?',
      ':15:29: metrics.revenue.window.hop: windows of 1m that begin every 2m leave gaps: events between them would be in none; to count some of the events, use where',
    ]);
  });
});

describe('the document', () => {
  it.each([
    ['is empty', '', ':1:1: is empty'],
    ['is a list', '- a\n', ':1:1: must be a map of keys and values'],
    [
      'is no YAML',
      'stream: [a\n',
      ':2:1: this is not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  ])('%s', (_, text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('lacks what it must have', () => {
    expect(problemsOf('partitions: 2\n')).toEqual([
      ':1:1: stream is missing',
      ':1:1: fields is missing',
      ':1:1: key is missing',
      ':1:1: eventTime is missing',
    ]);
  });
});

/** What is written instead of which piece of the right file, and what is said about it. */
const CASES: readonly (readonly [name: string, piece: string, by: string, ...problems: string[]])[] = [
  [
    "a stream's name",
    'stream: shop',
    'stream: My Shop',
    `:1:9: stream: "My Shop" is not a stream's name: lower-case letters, digits and -, at most 64`,
  ],
  [
    'a misspelt key of the file',
    'partitions: 4',
    'partition: 4',
    ':2:1: partition: unknown key: did you mean partitions?',
  ],
  [
    'a key that nobody knows',
    'topics: {',
    'foo: bar\ntopics: {',
    ':7:1: foo: is not a key of this section: there are stream, generation, partitions, key, id, eventTime, money, topics, retention, fields, sessions, attribution, metrics, lake, sinks',
  ],
  ...['constructor', '__proto__'].map((name): readonly [string, string, string, string] => [
    `the key ${name}`,
    'topics: {',
    `${name}: bar\ntopics: {`,
    `:7:1: ${name}: is not a key of this section: there are stream, generation, partitions, key, id, eventTime, money, topics, retention, fields, sessions, attribution, metrics, lake, sinks`,
  ]),
  ['no partitions', 'partitions: 4', 'partitions: 0', ':2:13: partitions: "0" is not a whole number from 1 to 1024'],
  [
    'a number of partitions in words',
    'partitions: 4',
    'partitions: four',
    ':2:13: partitions: "four" is not a whole number from 1 to 1024',
  ],
  ['an empty value', 'partitions: 4', 'partitions:', ':2:1: partitions: is empty'],
  ['a key given twice', 'partitions: 4', 'partitions: 4\nstream: again', ':3:1: stream: is given twice'],
  [
    'one key field without brackets',
    'key: [user_id, session_id]',
    'key: user_id',
    ':3:6: key: must be a list: write [user_id]',
  ],
  ['no key fields', 'key: [user_id, session_id]', 'key: []', ':3:6: key: names at least one field'],
  [
    'a key field that is not declared',
    'key: [user_id, session_id]',
    'key: [userid, session_id]',
    ':3:7: key[0]: there is no field userid: did you mean user_id?',
  ],
  [
    'a key field given twice',
    'key: [user_id, session_id]',
    'key: [user_id, user_id]',
    ':3:16: key[1]: user_id is given twice',
  ],
  [
    'a key that is money',
    'key: [user_id, session_id]',
    'key: [user_id, price]',
    ':3:16: key[1]: a key is string or int, price is money',
  ],
  [
    'a key with a default',
    'key: [user_id, session_id]',
    'key: [user_id, quantity]',
    ':3:16: key[1]: quantity has a default: a key must come with the event',
  ],
  [
    'an id that is a time',
    'id: {field: event_id',
    'id: {field: at',
    ':4:13: id.field: an id is string or int, at is timestamp',
  ],
  [
    'a dedupe horizon of nothing',
    'within: 10m',
    'within: 0s',
    ':4:40: id.dedupe.within: must be more than 0 and at most 7d',
  ],
  [
    'a dedupe bound that is no number',
    'maxRows: 1000',
    'maxRows: 1e3',
    ':4:54: id.dedupe.maxRows: "1e3" is not a whole number from 1 to 16777216',
  ],
  [
    'event time that is a text',
    '{field: at, zone',
    '{field: event_id, zone',
    ':5:20: eventTime.field: event time is a timestamp, event_id is string',
  ],
  [
    'event time that may be absent',
    'at: {type: timestamp}',
    'at: {type: timestamp, optional: true}',
    ':5:20: eventTime.field: at is optional: an event without its time cannot be placed in a window',
  ],
  ['another zone', 'zone: UTC', 'zone: CET', ':5:30: eventTime.zone: there is no zone CET: there is only UTC'],
  [
    'a duration without a unit',
    'outOfOrderness: 10s',
    'outOfOrderness: 10',
    ':5:51: eventTime.outOfOrderness: "10" is not a duration: write a number and ms, s, m, h or d, such as 10s',
  ],
  [
    'an idle time too short to mean anything',
    'idleAfter: 10s',
    'idleAfter: 1ms',
    ':5:67: eventTime.idleAfter: must be from 1s to 1d',
  ],
  [
    'a currency in lower case',
    'currency: USD',
    'currency: usd',
    ':6:19: money.currency: usd is not a currency code of ISO 4217: did you mean USD?',
  ],
  [
    'a currency that does not exist',
    'currency: USD',
    'currency: XYZ',
    ':6:19: money.currency: XYZ is not a currency code of ISO 4217, such as EUR, JPY or USD',
  ],
  [
    'money without a currency',
    'money: {currency: USD}\n',
    '',
    ':14:17: fields.price.type: money needs a currency: add money: {currency: USD}',
    ':16:19: fields.revenue.type: money needs a currency: add money: {currency: USD}',
  ],
  [
    "a topic's name",
    'raw: events',
    'raw: my events',
    `:7:15: topics.raw: "my events" is not a topic's name: letters, digits, . _ and -, at most 249`,
  ],
  [
    'one topic for two things',
    'late: late-events',
    'late: events',
    ':7:29: topics.late: events is the topic for raw already',
  ],
  ['parts kept too short', 'parts: 24h', 'parts: 1h', ':8:29: retention.parts: must be at least 24h'],
  [
    'a retention nobody knows',
    'retention: {raw: 7d',
    'retention: {row: 7d',
    ':8:13: retention.row: unknown key: did you mean raw?',
  ],
  [
    'a field without a type',
    'event_id: {type: string}',
    'event_id: {optional: false}',
    ':10:13: fields.event_id: type is missing',
  ],
  [
    'a type that does not exist',
    'event_id: {type: string}',
    'event_id: {type: str}',
    ':10:20: fields.event_id.type: there is no type str: there are string, int, double, money, bool, timestamp',
  ],
  [
    "a field's name",
    '  gift: {',
    '  is-gift: {',
    ':18:3: fields.is-gift: a name has letters, digits and _ only, and begins with no digit: give it another name, and path: is-gift',
  ],
  [
    'a field named like a word of the language',
    '  gift: {',
    '  in: {',
    ':18:3: fields.in: in is a word of the expression language: give it another name, and path: in',
  ],
  [
    'a dictionary of numbers',
    'rating: {type: double,',
    'rating: {type: double, dictionary: true,',
    ':19:38: fields.rating.dictionary: only strings have a dictionary, not double',
  ],
  [
    'values of a number',
    'rating: {type: double,',
    'rating: {type: double, values: [1],',
    ':19:34: fields.rating.values: only strings have a list of values, not double',
  ],
  [
    'a value given twice',
    'values: [view, cart, buy]',
    'values: [view, cart, buy, cart]',
    ':11:56: fields.event_type.values[3]: cart is given twice',
  ],
  [
    'an alias of nothing',
    'aliases: {look: view}',
    'aliases: {look: veiw}',
    ':11:73: fields.event_type.aliases.look: veiw is not one of the values: did you mean view?',
  ],
  [
    'an alias that is a value',
    'aliases: {look: view}',
    'aliases: {cart: view}',
    ':11:45: fields.event_type.values[1]: cart is a value and an alias of view: it can be only one',
  ],
  [
    'yes for true',
    'gift: {type: bool, optional: true}',
    'gift: {type: bool, optional: yes}',
    ':18:32: fields.gift.optional: "yes" must be true or false',
  ],
  [
    'a default of another type',
    'default: 1}',
    'default: one}',
    ':16:50: fields.quantity.default: "one" is not of type int; a formula is written {value: …, where: …}',
  ],
  [
    'a default of a field that must be there',
    'quantity: {type: int, optional: true,',
    'quantity: {type: int, optional: false,',
    ':16:35: fields.quantity.optional: a field with a default may always be absent',
  ],
  [
    'a default from another default',
    'value: price * 2',
    'value: price * quantity',
    ':17:51: fields.revenue.default.value: quantity has a default itself: a default can only use fields that have none',
  ],
  [
    'a default formula of another type',
    'value: price * 2',
    'value: price / 2',
    ':17:43: fields.revenue.default.value: revenue is money, but its default is double',
  ],
  [
    'a default without a value',
    "{value: price * 2, where: event_type == 'buy'}",
    "{where: event_type == 'buy'}",
    ':17:35: fields.revenue.default: value is missing',
  ],
  [
    'money times a fraction',
    'value: price * 2',
    'value: price * 1.5',
    ':17:43: fields.revenue.default.value: price (money) * 1.5 (double) is not defined: money can only be multiplied by whole numbers, or it would not stay exact',
  ],
  [
    'a field that is not declared',
    'price > 1.50',
    'prise > 1.50',
    ':22:35: metrics.sales.where: there is no field prise: did you mean price?',
  ],
  [
    'a fraction of a cent',
    'price > 1.50',
    'price > 1.505',
    ':22:43: metrics.sales.where: 1.505 is finer than USD, which has 2 decimal digits',
  ],
  [
    'money against a text',
    'price > 1.50',
    "price > 'x'",
    ":22:35: metrics.sales.where: price (money) cannot be compared with 'x' (string)",
  ],
  [
    'an alias where its value is meant',
    "event_type == 'buy' && price",
    "event_type == 'look' && price",
    ":22:26: metrics.sales.where: 'look' is an alias: events are read as 'view' before this is tested",
  ],
  [
    'one = for two',
    "event_type == 'buy' && price",
    "event_type = 'buy' && price",
    ':22:23: metrics.sales.where: to compare, write ==',
  ],
  [
    'and in words',
    "event_type == 'buy' && price",
    "event_type == 'buy' and price",
    ':22:32: metrics.sales.where: for "and" write &&',
  ],
  [
    'a function in a condition',
    'price > 1.50',
    'double(event_type) > 1',
    ':22:35: metrics.sales.where: double(…) is not supported here; comparisons, && || ! ? :, in, + - * / %, has, size, startsWith, endsWith, contains, matches, lowerAscii and parts of instants are',
  ],
  [
    'a regular expression that looks back',
    'price > 1.50',
    String.raw`event_type.matches(r'(a+)\1')`,
    String.raw`:22:54: metrics.sales.where: the regular expression (a+)\1 from character 5 on: \1 looks back at a group: such patterns take for ever on some texts`,
  ],
  [
    'a choice of texts',
    "where: event_type == 'buy' && price > 1.50",
    'where: "gift ? event_type : user_id"',
    ':22:13: metrics.sales.where: ? : chooses between two numbers, amounts, instants or conditions, not event_type (string) and user_id (string)',
  ],
  [
    'a condition that is a number',
    "event_type == 'buy' && price > 1.50",
    'price',
    ':22:12: metrics.sales.where: a condition must be true or false, this is money',
  ],
  [
    'a condition that ends too early',
    'price > 1.50',
    'price >',
    ':22:42: metrics.sales.where: the expression ends too early',
  ],
  [
    'an empty list',
    'price > 1.50',
    'quantity in []',
    ':22:47: metrics.sales.where: the list is empty: this is never true',
  ],
  [
    'a list of other things',
    'price > 1.50',
    "quantity in [1, 'two']",
    ":22:51: metrics.sales.where: 'two' (string) cannot be compared with quantity (int)",
  ],
  [
    'an order of bools',
    'price > 1.50',
    'gift > false',
    ':22:35: metrics.sales.where: > needs values that have an order, not a bool',
  ],
  [
    'a condition that begins with !',
    "where: event_type == 'buy' && price > 1.50",
    'where: !gift',
    ':22:12: metrics.sales.where: put quotes around what begins with "!": YAML takes !gift for a type',
  ],
  [
    'a group field that is not declared',
    'groupBy: [event_type]',
    'groupBy: [evnt_type]',
    ':23:15: metrics.sales.groupBy[0]: there is no field evnt_type: did you mean event_type?',
  ],
  [
    'a group field given twice',
    'groupBy: [event_type]',
    'groupBy: [event_type, event_type]',
    ':23:27: metrics.sales.groupBy[1]: event_type is given twice',
  ],
  [
    'groups of doubles',
    'groupBy: [event_type]',
    'groupBy: [rating]',
    ':23:15: metrics.sales.groupBy[0]: rating is a double, and doubles that look equal may differ: use int or string',
  ],
  [
    'windows with gaps between them',
    'hop: 30s',
    'hop: 90s',
    ':24:29: metrics.sales.window.hop: windows of 1m that begin every 90s leave gaps: events between them would be in none; to count some of the events, use where',
  ],
  [
    'a window of no length',
    'size: 1m',
    'size: 0m',
    ':24:20: metrics.sales.window.size: must be more than 0 and at most 31d',
  ],
  ['a window without a size', '{size: 1m, hop: 30s}', '{hop: 30s}', ':24:13: metrics.sales.window: size is missing'],
  [
    'too many windows at once',
    '{size: 1m, hop: 30s}',
    '{size: 24h, hop: 1s}',
    ':24:30: metrics.sales.window.hop: every event would be in 86400 windows, 10000 are allowed',
  ],
  ['no window', '    window: {size: 1m, hop: 30s}\n', '', ':22:5: metrics.sales: window is missing'],
  [
    'a sum of texts',
    'total: sum(revenue)',
    'total: sum(event_type)',
    ':27:18: metrics.sales.measures.total: sum(event_type): event_type is string, and sum needs int, double or money; to count different values write approx_distinct(event_type), to list them collect(event_type)',
  ],
  [
    'a sum of times',
    'total: sum(revenue)',
    'total: sum(at)',
    ':27:18: metrics.sales.measures.total: sum(at): instants cannot be added; min and max can be taken',
  ],
  [
    'a sum of a formula',
    'total: sum(revenue)',
    'total: sum(price * quantity)',
    ':27:18: metrics.sales.measures.total: sum takes a field, not a formula: give the result a field of its own with a default',
  ],
  [
    'a sum of nothing',
    'total: sum(revenue)',
    'total: sum()',
    ':27:14: metrics.sales.measures.total: sum needs a field: sum(x)',
  ],
  [
    'a sum of two things',
    'total: sum(revenue)',
    'total: sum(revenue, price)',
    ':27:27: metrics.sales.measures.total: sum takes one field',
  ],
  [
    'a function that does not exist',
    'total: sum(revenue)',
    'total: summ(revenue)',
    ':27:14: metrics.sales.measures.total: there is no function summ: did you mean sum?',
  ],
  [
    'a count of something',
    'orders: count()',
    'orders: count(price)',
    ':28:21: metrics.sales.measures.orders: count() takes no field: for rows that have one, write count() where x != null',
  ],
  [
    'a distinct count that would be wrong',
    'distinct(user_id)',
    'distinct(session_id)',
    ":29:26: metrics.sales.measures.visitors: distinct(session_id) would count a value once in every partition: this metric is merged over partitions, where only distinct(user_id), the stream's key, is exact; write approx_distinct(session_id)",
  ],
  [
    'a percentile without its percentage',
    'distinct(user_id)',
    'percentile(price)',
    ':29:17: metrics.sales.measures.visitors: percentile needs a percentage: percentile(x, 95)',
  ],
  [
    'a percentage that is none',
    'distinct(user_id)',
    'percentile(price, 950)',
    ':29:35: metrics.sales.measures.visitors: the percentage of percentile is a number from 0 to 100',
  ],
  [
    'a percentile of times',
    'distinct(user_id)',
    'median(at)',
    ':29:24: metrics.sales.measures.visitors: median(at): it is near in proportion, which says nothing of an instant; min and max can be taken',
  ],
  [
    'a percentile of texts',
    'distinct(user_id)',
    'percentile(user_id, 95)',
    ':29:28: metrics.sales.measures.visitors: percentile(user_id): user_id is string, and percentile needs int, double or money; to count different values write distinct(user_id), to list them collect(user_id)',
  ],
  [
    'too much for a function',
    'distinct(user_id)',
    'percentile(price, 95, 99)',
    ':29:39: metrics.sales.measures.visitors: percentile takes a field and a percentage',
  ],
  [
    "a measure's condition",
    "where event_type == 'view'",
    "where event_type == 'views'",
    ":29:55: metrics.sales.measures.visitors: 'views' is not one of its values: did you mean 'view'?",
  ],
  [
    "a measure's condition that is missing",
    "where event_type == 'view'",
    'where',
    ':29:40: metrics.sales.measures.visitors: the expression ends too early',
  ],
  [
    'a collect limit of nothing',
    'total: sum(revenue)',
    'total: sum(revenue)\n      list: collect(event_type, 0)',
    ':28:33: metrics.sales.measures.list: the limit of collect is a whole number from 1 to 1000',
  ],
  [
    'a collect limit that is no number',
    'total: sum(revenue)',
    'total: sum(revenue)\n      list: collect(event_type, many)',
    ':28:33: metrics.sales.measures.list: the limit of collect is a whole number from 1 to 1000',
  ],
  [
    'a formula over a measure below',
    'total: sum(revenue)',
    'total: 2 * orders',
    ':27:18: metrics.sales.measures.total: orders is declared below: a formula uses measures above it',
  ],
  [
    'a formula over itself',
    'each: total / orders',
    'each: each / orders',
    ':30:13: metrics.sales.measures.each: each cannot use itself',
  ],
  [
    'a formula over a field',
    'each: total / orders',
    'each: price / orders',
    ':30:13: metrics.sales.measures.each: price is a field: a formula uses measures, such as sum(price)',
  ],
  [
    'a formula with a condition',
    'each: total / orders',
    'each: total / orders where gift',
    ':30:28: metrics.sales.measures.each: where belongs to count, sum and the like, not to a formula',
  ],
  [
    'a formula that is no number',
    'each: total / orders',
    'each: total > 2',
    ':30:13: metrics.sales.measures.each: a measure is a number, this is bool',
  ],
  [
    'a function within a formula',
    'each: total / orders',
    'each: total / count()',
    ':30:21: metrics.sales.measures.each: count(…) is not supported here; comparisons, && || ! ? :, in, + - * / %, has, size, startsWith, endsWith, contains, matches, lowerAscii and parts of instants are',
  ],
  [
    'a measure given twice',
    'orders: count()\n',
    'orders: count()\n      orders: count()\n',
    ':29:7: metrics.sales.measures.orders: is given twice',
  ],
  [
    "a measure's name",
    'total: sum(revenue)\n',
    'total: sum(revenue)\n      sum-of-prices: sum(price)\n',
    ':28:7: metrics.sales.measures.sum-of-prices: a name has letters, digits and _ only, and begins with no digit',
  ],
  [
    'no measures',
    '    emit: {every: 50ms, maxPerSecond: 100}\n',
    '    emit: {every: 50ms, maxPerSecond: 100}\n  empty: {window: {size: 1m}, measures: {}}\n',
    ':33:41: metrics.empty.measures: a metric has at least one measure',
  ],
  [
    'having over a field',
    'having: total > 100',
    'having: revenue > 100',
    ':31:13: metrics.sales.having: revenue is a field: having tests measures; to leave rows out use where',
  ],
  [
    'having over a measure that does not exist',
    'having: total > 100',
    'having: amount > 100',
    ':31:13: metrics.sales.having: there is no measure amount: there are total, orders, visitors, each',
  ],
  [
    'having over a list',
    'each: total / orders\n    having: total > 100',
    'each: collect(event_type)\n    having: each > 100',
    ':31:13: metrics.sales.having: each is a list, which expressions cannot use',
  ],
  [
    'an emit cadence too fast',
    'every: 50ms',
    'every: 1ms',
    ':32:19: metrics.sales.emit.every: must be from 10ms to 1m',
  ],
  [
    'an emit budget of nothing',
    'maxPerSecond: 100',
    'maxPerSecond: 0',
    ':32:39: metrics.sales.emit.maxPerSecond: "0" is not a whole number from 1 to 1000000',
  ],
  [
    "a text with money's arithmetic",
    'price > 1.50',
    'event_type + 1 == 2',
    ':22:35: metrics.sales.where: event_type (string) + 1 (int) is not defined',
  ],
  [
    'a null with an order',
    'price > 1.50',
    'price > null',
    ':22:35: metrics.sales.where: > needs values that have an order, not null',
  ],
  [
    'a list without in',
    'price > 1.50',
    '[1, 2] == 3',
    ':22:35: metrics.sales.where: a list is only supported behind in',
  ],
  [
    'a number too large to be exact',
    'price > 1.50',
    'quantity == 9007199254740993',
    ':22:47: metrics.sales.where: 9007199254740993 is too large: whole numbers end at 9007199254740991',
  ],
  [
    'an unsigned number',
    'price > 1.50',
    'quantity == 10u',
    ':22:47: metrics.sales.where: the literal 10u is not supported: write a number, text, true, false or null',
  ],
  [
    'a part of a value',
    'price > 1.50',
    'event_type.size == 3',
    ':22:35: metrics.sales.where: event_type is string and has no members, so there is no event_type.size',
  ],
  [
    'a part of what a function gives',
    'price > 1.50',
    "event_type.lowerAscii().x == 'a'",
    ':22:35: metrics.sales.where: event_type.lowerAscii().x reaches into a value, which is not supported; comparisons, && || ! ? :, in, + - * / %, has, size, startsWith, endsWith, contains, matches, lowerAscii and parts of instants are',
  ],
  [
    "something behind the file's end",
    '    emit: {every: 50ms, maxPerSecond: 100}\n',
    '    emit: {every: 50ms, maxPerSecond: 100}\n---\nstream: b\n',
    ':33:1: a stream file is one document: --- begins another',
  ],
  [
    'a condition in a quoted text',
    "where: event_type == 'buy' && price > 1.50",
    "where: 'event_type == ''buy'' && prise > 1.50'",
    ':22:38: metrics.sales.where: there is no field prise: did you mean price?',
  ],
  [
    'a condition over several lines',
    "where: event_type == 'buy' && price > 1.50",
    "where: >\n      event_type == 'buy'\n      && prise > 1.50",
    ':24:10: metrics.sales.where: there is no field prise: did you mean price?',
  ],
];

describe('what is wrong is said once, where it is', () => {
  it('also where the YAML parser itself loses count of the lines', () => {
    expect(problemsOf(' :\n0\n\n  000\n 0').map((problem) => problem.slice(0, 5))).toEqual([':2:1:', ':5:2:']);
  });

  it.each(CASES)('%s', (_, piece, by, ...problems) => {
    expect(problemsOf(wrong(piece, by))).toEqual(problems);
  });
});
