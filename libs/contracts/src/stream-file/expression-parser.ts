import type { ASTNode } from '@marcbachmann/cel-js';
import type { ArithmeticOperator, ComparisonOperator, Expression } from '@tillstream/core';
import { parseCel, pathOf } from './cel-syntax';
import type { ExpressionScope, ReportAt, ScopeName } from './expression-scope';
import { arithmeticHint, arithmeticType, choiceType, isNumber, withArticle } from './expression-types';
import { SUPPORTED, checkCall } from './function-call';
import { readLiteral } from './literal';
import { inMajorUnits } from './money-expression';
import { didYouMean } from './nearest-name';
import { ExpressionSource, asMoney, impossible, operandOf } from './operand';
import type { Operand } from './operand';
import { unknownField } from './unknown-field';

/**
 * Parses and checks a condition or formula: the part of CEL that compiles into loops over columns. Differs from CEL in
 * that `/` always gives a double (or null for a division by zero), int and double mix, and money is a type: amounts in
 * the text are in major units, amounts in the result in minor units.
 *
 * @returns the typed expression, or null after every problem has been reported
 */
export function parseExpression(text: string, scope: ExpressionScope, report: ReportAt): Expression | null {
  const ast = parseCel(text, report);
  return ast === null ? null : (new Checker(new ExpressionSource(text, report), scope).check(ast)?.expression ?? null);
}

/** As `parseExpression`, for a condition. */
export function parseCondition(text: string, scope: ExpressionScope, report: ReportAt): Expression | null {
  const expression = parseExpression(text, scope, report);
  if (expression === null || expression.type === 'bool') return expression;
  return report(0, `a condition must be true or false, this is ${withArticle(expression.type)}`);
}

class Checker {
  constructor(
    private readonly source: ExpressionSource,
    private readonly scope: ExpressionScope,
  ) {}

  check(node: ASTNode): Operand | null {
    switch (node.op) {
      case 'value':
        return readLiteral(node, node.args, this.source);
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

  private name(node: ASTNode, name: string): Operand | null {
    const { names, what } = this.scope;
    const found = names.get(name);
    if (found === undefined) {
      const known = usable(names);
      if (what === 'field') return this.source.problem(node, unknownField(name, known));
      return this.source.problem(node, `there is no ${what} ${name}: ${didYouMean(name, known.keys())}`);
    }
    if (found.refused !== undefined) return this.source.problem(node, found.refused);
    if (found.type === null) return null;
    const expression = found.expression ?? { kind: 'field', name, type: found.type };
    return { expression, node, numeral: null, name: found };
  }

  private compare(node: ASTNode, operator: ComparisonOperator, args: readonly [ASTNode, ASTNode]): Operand | null {
    const operands = this.both(args);
    if (operands === null) return null;
    const [left, right] = operands;
    const types = [left.expression.type, right.expression.type];
    const unordered = types.find((type) => type === 'null' || type === 'bool');
    if (unordered !== undefined && operator !== '==' && operator !== '!=') {
      return this.source.problem(node, `${operator} needs values that have an order, not ${withArticle(unordered)}`);
    }
    if (types[0] !== types[1] && !types.includes('null') && !(isNumber(types[0]) && isNumber(types[1]))) {
      return this.source.problem(
        node,
        `${this.source.describe(left)} cannot be compared with ${this.source.describe(right)}`,
      );
    }
    const slip = impossible(left, right);
    if (slip !== null) return this.source.problem(right.node, slip);
    const otherSlip = impossible(right, left);
    if (otherSlip !== null) return this.source.problem(left.node, otherSlip);
    return operandOf(node, {
      kind: 'compare',
      operator,
      left: left.expression,
      right: right.expression,
      type: 'bool',
    });
  }

  private arithmetic(node: ASTNode, operator: ArithmeticOperator, args: readonly [ASTNode, ASTNode]): Operand | null {
    const operands = operator === '+' || operator === '-' ? this.both(args) : this.each(args);
    if (operands === null) return null;
    const { source, scope } = this;
    const [{ expression: left }, { expression: right }] = operands;
    const type = arithmeticType(operator, left.type, right.type);
    if (type === null) {
      const [a, b] = operands.map((operand) => source.describe(operand));
      return source.problem(
        node,
        `${a} ${operator} ${b} is not defined${arithmeticHint(operator, [left.type, right.type])}`,
      );
    }
    const expression: Expression = { kind: 'arithmetic', operator, left, right, type };
    // Money divided by a number is no amount any more but a ratio: a double in major units.
    const isPerUnit = operator === '/' && left.type === 'money' && right.type !== 'money' && scope.money.exponent > 0;
    return operandOf(node, isPerUnit ? inMajorUnits(expression, scope.money) : expression);
  }

  private logic(node: ASTNode, operator: '&&' | '||', args: readonly [ASTNode, ASTNode]): Operand | null {
    const left = this.condition(args[0], operator);
    const right = this.condition(args[1], operator);
    if (left === null || right === null) return null;
    return operandOf(node, { kind: 'logic', operator, left, right, type: 'bool' });
  }

  private not(node: ASTNode, arg: ASTNode): Operand | null {
    const operand = this.condition(arg, '!');
    return operand === null ? null : operandOf(node, { kind: 'not', operand, type: 'bool' });
  }

  private condition(node: ASTNode, operator: string): Expression | null {
    const checked = this.check(node);
    if (checked === null || checked.expression.type === 'bool') return checked?.expression ?? null;
    return this.source.problem(node, `${operator} needs conditions, ${this.source.describe(checked)} is none`);
  }

  private negate(node: ASTNode, arg: ASTNode): Operand | null {
    const operand = this.check(arg);
    if (operand === null) return null;
    const { expression, numeral } = operand;
    if (numeral !== null && expression.kind === 'literal' && typeof expression.value === 'number') {
      const negative = numeral.startsWith('-') ? numeral.slice(1) : `-${numeral}`;
      return operandOf(node, { ...expression, value: 0 - expression.value }, negative);
    }
    if (!isNumber(expression.type) && expression.type !== 'money') {
      return this.source.problem(node, `- needs a number, ${this.source.describe(operand)} is none`);
    }
    return operandOf(node, { kind: 'negate', operand: expression, type: expression.type });
  }

  private isIn(node: ASTNode, [operandNode, listNode]: readonly [ASTNode, ASTNode]): Operand | null {
    if (listNode.op !== 'list') {
      return this.source.problem(listNode, 'in needs a list of values, such as [1, 2]');
    }
    if (listNode.args.length === 0) return this.source.problem(listNode, 'the list is empty: this is never true');
    const operand = this.check(operandNode);
    const values = listNode.args.map((item) => this.listItem(item, operand));
    const complete = values.filter((value) => value !== null);
    if (operand === null || complete.length < values.length) return null;
    return operandOf(node, { kind: 'in', operand: operand.expression, values: complete, type: 'bool' });
  }

  private choice(node: ASTNode, [test, first, second]: readonly [ASTNode, ASTNode, ASTNode]): Operand | null {
    const condition = this.condition(test, '? :');
    const operands = this.both([first, second]);
    if (condition === null || operands === null) return null;
    const [whenTrue, otherwise] = operands.map(({ expression }) => expression) as [Expression, Expression];
    const type = choiceType(whenTrue.type, otherwise.type);
    if (type === null) {
      const sides = operands.map((operand) => this.source.describe(operand)).join(' and ');
      return this.source.problem(
        node,
        `? : chooses between two numbers, amounts, instants or conditions, not ${sides}`,
      );
    }
    return operandOf(node, { kind: 'choice', condition, whenTrue, otherwise, type });
  }

  /** A function, written `f(x, y)` or `x.f(y)`. */
  private call(node: ASTNode, called: string, args: readonly ASTNode[]): Operand | null {
    const own = this.scope.functions?.get(called);
    if (own !== undefined) {
      const expression = own(node, args, this.source.report);
      return expression === null ? null : operandOf(node, expression);
    }
    return checkCall({ node, called, args }, (argument) => this.check(argument), this.source);
  }

  private listItem(node: ASTNode, operand: Operand | null): string | number | boolean | null {
    const unscaled = this.check(node);
    if (unscaled === null || operand === null) return null;
    const item = this.asMoney(unscaled, operand);
    if (item === null) return null;
    const { expression } = item;
    if (expression.kind !== 'literal' || expression.value === null) {
      return this.source.problem(node, `a list holds values only, ${this.source.textOf(node)} is none`);
    }
    const wanted = operand.expression.type;
    if (expression.type !== wanted && !(wanted === 'double' && expression.type === 'int')) {
      return this.source.problem(
        node,
        `${this.source.describe(item)} cannot be compared with ${this.source.describe(operand)}`,
      );
    }
    const slip = impossible(operand, item);
    return slip === null ? expression.value : this.source.problem(node, slip);
  }

  private refuse(node: ASTNode): null {
    switch (node.op) {
      case 'list':
        return this.source.problem(node, 'a list is only supported behind in');
      case 'map':
        return this.source.problem(node, `a map is not supported; ${SUPPORTED}`);
      default:
        return this.source.problem(
          node,
          `${this.source.textOf(node)} reaches into a value, which is not supported; ${SUPPORTED}`,
        );
    }
  }

  /** Both operands; a plain number beside money is an amount. */
  private both(args: readonly [ASTNode, ASTNode]): readonly [Operand, Operand] | null {
    const operands = this.each(args);
    if (operands === null) return null;
    const left = this.asMoney(operands[0], operands[1]);
    const right = this.asMoney(operands[1], operands[0]);
    return left === null || right === null ? null : [left, right];
  }

  private each([leftNode, rightNode]: readonly [ASTNode, ASTNode]): readonly [Operand, Operand] | null {
    const left = this.check(leftNode);
    const right = this.check(rightNode);
    return left === null || right === null ? null : [left, right];
  }

  private asMoney(side: Operand, beside: Operand): Operand | null {
    return asMoney(side, beside, this.scope.money, this.source);
  }
}

function usable(names: ReadonlyMap<string, ScopeName>): ReadonlyMap<string, ScopeName> {
  return new Map([...names].filter(([, { refused }]) => refused === undefined));
}
