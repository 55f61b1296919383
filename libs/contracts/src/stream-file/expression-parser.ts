import { TEXT_TESTS, TIME_PARTS, patternProblem } from '@tillstream/core';
import type {
  ArithmeticOperator,
  ComparisonOperator,
  Expression,
  ExpressionType,
  StreamSchema,
  TextTest,
  TimePart,
} from '@tillstream/core';
import { parseMoney } from '@tillstream/core';
import { ParseError, parse } from '@marcbachmann/cel-js';
import type { ASTNode } from '@marcbachmann/cel-js';
import { arithmeticType, choiceType, isNumber, withArticle } from './expression-types';
import { didYouMean, nearestName } from './nearest-name';
import { unknownField } from './unknown-field';

/** A name that an expression may use. */
export interface ScopeName {
  /** Null: its declaration is wrong and has been reported; whatever uses it is left alone. */
  readonly type: ExpressionType | null;
  /** The only values it can have; null: any. */
  readonly values?: ReadonlySet<string> | null;
  /** What events may say → the value it is read as. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** Why the name cannot be used in an expression. */
  readonly refused?: string;
  /** Stands for the name, where that is more than reading it. */
  readonly expression?: Expression;
}

/** The names of an expression and what money means in it. */
export interface ExpressionScope {
  /** What the names are: `field` or `measure`. */
  readonly what: string;
  readonly names: ReadonlyMap<string, ScopeName>;
  readonly money: StreamSchema['money'];
  /** Functions that only these expressions have. */
  readonly functions?: ReadonlyMap<string, ScopeFunction>;
}

/** Reads a call of a function; null after every problem has been reported. */
export type ScopeFunction = (call: ASTNode, args: readonly ASTNode[], report: ReportAt) => Expression | null;

/** Takes a problem at an index of the expression's text. */
export type ReportAt = (index: number, message: string) => null;

const SUPPORTED =
  'comparisons, && || ! ? :, in, + - * / %, has, size, startsWith, endsWith, contains, matches, lowerAscii and parts of instants are';

/**
 * Parses and checks a condition or formula: the part of CEL that compiles into loops over columns. Differs from CEL in
 * that `/` always gives a double (or null for a division by zero), int and double mix, and money is a type: amounts in
 * the text are in major units, amounts in the result in minor units.
 *
 * @returns the typed expression, or null after every problem has been reported
 */
export function parseExpression(text: string, scope: ExpressionScope, report: ReportAt): Expression | null {
  const ast = parseCel(text, report);
  return ast === null ? null : (new Checker(text, scope, report).check(ast)?.expression ?? null);
}

/** As `parseExpression`, for a condition. */
export function parseCondition(text: string, scope: ExpressionScope, report: ReportAt): Expression | null {
  const expression = parseExpression(text, scope, report);
  if (expression === null || expression.type === 'bool') return expression;
  return report(0, `a condition must be true or false, this is ${withArticle(expression.type)}`);
}

/** The syntax tree of CEL text, or null after its mistake has been reported. */
export function parseCel(text: string, report: ReportAt): ASTNode | null {
  try {
    return parse(text).ast;
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    const index = error.range?.start ?? 0;
    return report(Math.min(index, text.length), syntaxMessage(text, index, error.summary));
  }
}

function syntaxMessage(text: string, index: number, summary: string): string {
  const rest = text.slice(index);
  if (rest.startsWith('=')) return 'to compare, write ==';
  const word = /^\w+/.exec(text.slice(text.slice(0, index).search(/\w*$/)))?.[0] ?? '';
  const previous = /(\w+)\s*$/.exec(text.slice(0, index))?.[1] ?? '';
  for (const candidate of [word, previous]) {
    const operator = { and: '&&', or: '||', not: '!' }[candidate.toLowerCase()];
    if (operator !== undefined) return `for "${candidate.toLowerCase()}" write ${operator}`;
  }
  if (/EOF/.test(summary)) return 'the expression ends too early';
  return `this is not an expression: ${summary.charAt(0).toLowerCase()}${summary.slice(1)}`;
}

interface Checked {
  readonly expression: Expression;
  readonly node: ASTNode;
  /** The digits of a numeric literal as written, with its sign: amounts of money are read from these. */
  readonly numeral: string | null;
  /** The name that a bare field or measure has. */
  readonly name: ScopeName | null;
}

class Checker {
  constructor(
    private readonly text: string,
    private readonly scope: ExpressionScope,
    private readonly report: ReportAt,
  ) {}

  check(node: ASTNode): Checked | null {
    switch (node.op) {
      case 'value':
        return this.literal(node, node.args);
      case 'id':
        return this.name(node, node.args);
      case '.': {
        const path = pathOf(node);
        return path === null ? this.refuse(node) : this.name(node, path);
      }
      case '==':
      case '!=':
      case '<':
      case '<=':
      case '>':
      case '>=':
        return this.compare(node, node.op, node.args);
      case '+':
      case '-':
      case '*':
      case '/':
      case '%':
        return this.arithmetic(node, node.op, node.args);
      case '&&':
      case '||':
        return this.logic(node, node.op, node.args);
      case '!_':
        return this.not(node, node.args);
      case '-_':
        return this.negate(node, node.args);
      case 'in':
        return this.isIn(node, node.args);
      case '?:':
        return this.choice(node, node.args);
      case 'call':
        return this.call(node, node.args[0], node.args[1]);
      case 'rcall':
        return this.call(node, node.args[0], [node.args[1], ...node.args[2]]);
      default:
        return this.refuse(node);
    }
  }

  private literal(node: ASTNode, value: unknown): Checked | null {
    if (typeof value === 'bigint') {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) {
        return this.problem(node, `${this.source(node)} is too large: whole numbers end at ${Number.MAX_SAFE_INTEGER}`);
      }
      return this.done(node, { kind: 'literal', value: number, type: 'int' }, this.source(node));
    }
    if (typeof value === 'number') {
      return this.done(node, { kind: 'literal', value, type: 'double' }, this.source(node));
    }
    if (typeof value === 'string') return this.done(node, { kind: 'literal', value, type: 'string' });
    if (typeof value === 'boolean') return this.done(node, { kind: 'literal', value, type: 'bool' });
    if (value === null) return this.done(node, { kind: 'literal', value, type: 'null' });
    return this.problem(
      node,
      `the literal ${this.source(node)} is not supported: write a number, text, true, false or null`,
    );
  }

  private name(node: ASTNode, name: string): Checked | null {
    const { names, what } = this.scope;
    const found = names.get(name);
    if (found === undefined) {
      const known = usable(names);
      if (what === 'field') return this.problem(node, unknownField(name, known));
      return this.problem(node, `there is no ${what} ${name}: ${didYouMean(name, known.keys())}`);
    }
    if (found.refused !== undefined) return this.problem(node, found.refused);
    if (found.type === null) return null;
    const expression = found.expression ?? { kind: 'field', name, type: found.type };
    return { expression, node, numeral: null, name: found };
  }

  private compare(node: ASTNode, operator: ComparisonOperator, args: readonly [ASTNode, ASTNode]): Checked | null {
    const operands = this.both(args);
    if (operands === null) return null;
    const [left, right] = operands;
    const types = [left.expression.type, right.expression.type];
    const unordered = types.find((type) => type === 'null' || type === 'bool');
    if (unordered !== undefined && operator !== '==' && operator !== '!=') {
      return this.problem(node, `${operator} needs values that have an order, not ${withArticle(unordered)}`);
    }
    if (types[0] !== types[1] && !types.includes('null') && !(isNumber(types[0]) && isNumber(types[1]))) {
      return this.problem(node, `${this.describe(left)} cannot be compared with ${this.describe(right)}`);
    }
    const possible = this.checkPossible(left, right) && this.checkPossible(right, left);
    if (!possible) return null;
    return this.done(node, {
      kind: 'compare',
      operator,
      left: left.expression,
      right: right.expression,
      type: 'bool',
    });
  }

  private arithmetic(node: ASTNode, operator: ArithmeticOperator, args: readonly [ASTNode, ASTNode]): Checked | null {
    const operands = operator === '+' || operator === '-' ? this.both(args) : this.each(args);
    if (operands === null) return null;
    const [left, right] = operands;
    const type = arithmeticType(operator, left.expression.type, right.expression.type);
    if (type === null) {
      return this.problem(
        node,
        `${this.describe(left)} ${operator} ${this.describe(right)} is not defined${hint(operator, operands)}`,
      );
    }
    const expression: Expression = {
      kind: 'arithmetic',
      operator,
      left: left.expression,
      right: right.expression,
      type,
    };
    const perUnit = operator === '/' && left.expression.type === 'money' && right.expression.type !== 'money';
    return this.done(node, perUnit ? this.inMajorUnits(expression) : expression);
  }

  /** Money divided by a number is no amount any more but a ratio: a double in major units. */
  private inMajorUnits(minor: Expression): Expression {
    const { exponent } = this.scope.money;
    if (exponent === 0) return minor;
    const scale: Expression = { kind: 'literal', value: 10 ** exponent, type: 'int' };
    return { kind: 'arithmetic', operator: '/', left: minor, right: scale, type: 'double' };
  }

  private logic(node: ASTNode, operator: '&&' | '||', args: readonly [ASTNode, ASTNode]): Checked | null {
    const left = this.condition(args[0], operator);
    const right = this.condition(args[1], operator);
    if (left === null || right === null) return null;
    return this.done(node, { kind: 'logic', operator, left, right, type: 'bool' });
  }

  private not(node: ASTNode, arg: ASTNode): Checked | null {
    const operand = this.condition(arg, '!');
    return operand === null ? null : this.done(node, { kind: 'not', operand, type: 'bool' });
  }

  private condition(node: ASTNode, operator: string): Expression | null {
    const checked = this.check(node);
    if (checked === null || checked.expression.type === 'bool') return checked?.expression ?? null;
    return this.problem(node, `${operator} needs conditions, ${this.describe(checked)} is none`);
  }

  private negate(node: ASTNode, arg: ASTNode): Checked | null {
    const operand = this.check(arg);
    if (operand === null) return null;
    const { expression, numeral } = operand;
    if (numeral !== null && expression.kind === 'literal' && typeof expression.value === 'number') {
      const negative = numeral.startsWith('-') ? numeral.slice(1) : `-${numeral}`;
      return this.done(node, { ...expression, value: 0 - expression.value }, negative);
    }
    if (!isNumber(expression.type) && expression.type !== 'money') {
      return this.problem(node, `- needs a number, ${this.describe(operand)} is none`);
    }
    return this.done(node, { kind: 'negate', operand: expression, type: expression.type });
  }

  private isIn(node: ASTNode, [operandNode, listNode]: readonly [ASTNode, ASTNode]): Checked | null {
    if (listNode.op !== 'list') {
      return this.problem(listNode, 'in needs a list of values, such as [1, 2]');
    }
    if (listNode.args.length === 0) return this.problem(listNode, 'the list is empty: this is never true');
    const operand = this.check(operandNode);
    const values = listNode.args.map((item) => this.listItem(item, operand));
    const complete = values.filter((value) => value !== null);
    if (operand === null || complete.length < values.length) return null;
    return this.done(node, { kind: 'in', operand: operand.expression, values: complete, type: 'bool' });
  }

  private choice(node: ASTNode, [test, first, second]: readonly [ASTNode, ASTNode, ASTNode]): Checked | null {
    const condition = this.condition(test, '? :');
    const operands = this.both([first, second]);
    if (condition === null || operands === null) return null;
    const [whenTrue, otherwise] = operands.map(({ expression }) => expression) as [Expression, Expression];
    const type = choiceType(whenTrue.type, otherwise.type);
    if (type === null) {
      const sides = operands.map((operand) => this.describe(operand)).join(' and ');
      return this.problem(node, `? : chooses between two numbers, amounts, instants or conditions, not ${sides}`);
    }
    return this.done(node, { kind: 'choice', condition, whenTrue, otherwise, type });
  }

  /** A function, written `f(x, y)` or `x.f(y)`. */
  private call(node: ASTNode, called: string, [subject, ...more]: readonly ASTNode[]): Checked | null {
    const own = this.scope.functions?.get(called);
    if (own !== undefined) {
      const expression = own(node, subject === undefined ? [] : [subject, ...more], this.report);
      return expression === null ? null : this.done(node, expression);
    }
    const test = TEXT_TESTS.find((candidate) => candidate === called);
    const part = TIME_PARTS.find((candidate) => candidate === called);
    const isKnown = test !== undefined || part !== undefined || ['has', 'size', 'lowerAscii'].includes(called);
    if (!isKnown || subject === undefined)
      return this.problem(node, `${called}(…) is not supported here; ${SUPPORTED}`);
    const operand = this.check(subject);
    if (operand === null) return null;
    const excess = more[test === undefined ? 0 : 1];
    if (excess !== undefined) {
      return this.problem(excess, `${called} takes ${test === undefined ? 'nothing else' : 'one text'}`);
    }
    if (part !== undefined) return this.timePart(node, part, operand);
    if (called === 'has') return this.has(node, operand);
    if (operand.expression.type !== 'string' || operand.expression.kind === 'literal') {
      return this.problem(subject, `${called} is for fields that are texts, ${this.describe(operand)} is none`);
    }
    if (test !== undefined) return this.textTest(node, test, operand.expression, more[0]);
    return called === 'size'
      ? this.done(node, { kind: 'size', operand: operand.expression, type: 'int' })
      : this.done(node, { kind: 'lower', operand: operand.expression, type: 'string' });
  }

  private textTest(node: ASTNode, test: TextTest, operand: Expression, argument: ASTNode | undefined): Checked | null {
    if (argument?.op !== 'value' || typeof argument.args !== 'string') {
      return this.problem(argument ?? node, `${test} needs a text in quotes: x.${test}('a')`);
    }
    const pattern = argument.args;
    const wrong = test === 'matches' ? patternProblem(pattern) : null;
    if (wrong !== null) {
      const place = wrong.index === 0 ? '' : ` from character ${wrong.index + 1} on`;
      return this.problem(argument, `the regular expression ${pattern}${place}: ${wrong.message}`);
    }
    return this.done(node, { kind: 'text-test', test, operand, pattern, type: 'bool' });
  }

  private timePart(node: ASTNode, part: TimePart, operand: Checked): Checked | null {
    const { expression } = operand;
    if (expression.type !== 'timestamp') {
      return this.problem(operand.node, `${part} is for instants, ${this.describe(operand)} is none`);
    }
    return this.done(node, { kind: 'time-part', part, operand: expression, type: 'int' });
  }

  private has(node: ASTNode, { expression, node: operand }: Checked): Checked | null {
    if (expression.kind === 'literal') return this.problem(operand, 'has asks whether a field or measure is there');
    const right: Expression = { kind: 'literal', value: null, type: 'null' };
    return this.done(node, { kind: 'compare', operator: '!=', left: expression, right, type: 'bool' });
  }

  private listItem(node: ASTNode, operand: Checked | null): string | number | boolean | null {
    const unscaled = this.check(node);
    if (unscaled === null || operand === null) return null;
    const item = this.asMoney(unscaled, operand);
    if (item === null) return null;
    const { expression } = item;
    if (expression.kind !== 'literal' || expression.value === null) {
      return this.problem(node, `a list holds values only, ${this.source(node)} is none`);
    }
    const wanted = operand.expression.type;
    if (expression.type !== wanted && !(wanted === 'double' && expression.type === 'int')) {
      return this.problem(node, `${this.describe(item)} cannot be compared with ${this.describe(operand)}`);
    }
    return this.checkPossible(operand, item) ? expression.value : null;
  }

  private refuse(node: ASTNode): null {
    switch (node.op) {
      case 'list':
        return this.problem(node, 'a list is only supported behind in');
      case 'map':
        return this.problem(node, `a map is not supported; ${SUPPORTED}`);
      default:
        return this.problem(node, `${this.source(node)} reaches into a value, which is not supported; ${SUPPORTED}`);
    }
  }

  /** Both operands; a plain number beside money is an amount. */
  private both(args: readonly [ASTNode, ASTNode]): readonly [Checked, Checked] | null {
    const operands = this.each(args);
    if (operands === null) return null;
    const left = this.asMoney(operands[0], operands[1]);
    const right = this.asMoney(operands[1], operands[0]);
    return left === null || right === null ? null : [left, right];
  }

  private each([leftNode, rightNode]: readonly [ASTNode, ASTNode]): readonly [Checked, Checked] | null {
    const left = this.check(leftNode);
    const right = this.check(rightNode);
    return left === null || right === null ? null : [left, right];
  }

  /** A numeric literal beside money, as that many minor units. */
  private asMoney(side: Checked, beside: Checked): Checked | null {
    if (beside.expression.type !== 'money' || side.numeral === null) return side;
    const { currency, exponent } = this.scope.money;
    const amount = parseMoney(side.numeral, exponent);
    if (amount === null)
      return this.problem(side.node, `${side.numeral} is no amount of money that can be held exactly`);
    if (amount.rounded) {
      return this.problem(side.node, `${side.numeral} is finer than ${currency}, which has ${exponent} decimal digits`);
    }
    return { ...side, numeral: null, expression: { kind: 'literal', value: amount.minor, type: 'money' } };
  }

  /** A text that a field can never have is a slip of the pen. */
  private checkPossible({ name }: Checked, { expression, node }: Checked): boolean {
    if (name === null || expression.kind !== 'literal' || typeof expression.value !== 'string') return true;
    const { value } = expression;
    const canonical = name.aliases?.get(value);
    if (canonical !== undefined) {
      this.problem(node, `'${value}' is an alias: events are read as '${canonical}' before this is tested`);
      return false;
    }
    const values = name.values ?? null;
    if (values === null || values.has(value)) return true;
    const near = nearestName(value, values);
    const known = [...values].map((known) => `'${known}'`).join(', ');
    this.problem(
      node,
      `'${value}' is not one of its values: ${near === null ? `there are ${known}` : `did you mean '${near}'?`}`,
    );
    return false;
  }

  private done(node: ASTNode, expression: Expression, numeral: string | null = null): Checked {
    return { expression, node, numeral, name: null };
  }

  private problem(node: ASTNode, message: string): null {
    return this.report(node.start, message);
  }

  private source({ start, end }: ASTNode): string {
    return this.text.slice(start, end);
  }

  /** `price (money)` */
  private describe({ expression, node }: Checked): string {
    return `${this.source(node)} (${expression.type})`;
  }
}

/** The name of a field as an expression has it: `meta.domain` is several names to the parser. Null for anything else. */
export function pathOf(node: ASTNode): string | null {
  if (node.op === 'id') return node.args;
  if (node.op !== '.') return null;
  const object = pathOf(node.args[0]);
  return object === null ? null : `${object}.${node.args[1]}`;
}

function usable(names: ReadonlyMap<string, ScopeName>): ReadonlyMap<string, ScopeName> {
  return new Map([...names].filter(([, { refused }]) => refused === undefined));
}

function hint(operator: ArithmeticOperator, operands: readonly [Checked, Checked]): string {
  const types = operands.map(({ expression }) => expression.type);
  if (operator === '*' && types.includes('money') && types.includes('double')) {
    return ': money can only be multiplied by whole numbers, or it would not stay exact';
  }
  return '';
}
