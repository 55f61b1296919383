import type { NodePath, PluginObj, types } from '@babel/core';

/** What the bundle of targets gives its instrumented code: counters of edges, and an account of what is allocated. */
export const EDGES = '__fuzzEdges';
export const ALLOCATE = '__fuzzAllocate';

const WIDTHS: Readonly<Record<string, number>> = {
  ArrayBuffer: 1,
  Uint8Array: 1,
  Int8Array: 1,
  Uint16Array: 2,
  Int16Array: 2,
  Uint32Array: 4,
  Int32Array: 4,
  Float64Array: 8,
  BigUint64Array: 8,
  BigInt64Array: 8,
  Array: 8,
};
const BUFFER_CALLS = new Set(['alloc', 'allocUnsafe', 'allocUnsafeSlow']);
const COMPARISONS = new Set(['==', '!=', '===', '!==', '<', '<=', '>', '>=', '&']);
const TEXT_TESTS = new Set(['startsWith', 'endsWith', 'includes', 'indexOf', 'split', 'get', 'has']);
const MAX_WORD = 40;

/** What one file gave: the numbers of its edges, and what its code compares things with. */
export interface InstrumentedFile {
  readonly path: string;
  readonly firstEdge: number;
  edges: number;
  readonly words: Set<string>;
  readonly numbers: Set<number>;
}

/**
 * Counts each way the code can go (functions, branches, loops, cases, the right sides of && || ??) in an array of bytes,
 * reports the sizes of what is allocated, and notes the constants that are compared with.
 */
export function coveragePlugin(t: typeof types, file: InstrumentedFile): PluginObj {
  const counter = (): types.Expression =>
    t.updateExpression(
      '++',
      t.memberExpression(t.identifier(EDGES), t.numericLiteral(file.firstEdge + file.edges++), true),
    );
  const count = (): types.Statement => t.expressionStatement(counter());
  const counted = (expression: types.Expression): types.Expression => t.sequenceExpression([counter(), expression]);

  const enter = (path: NodePath<types.Statement>): void => {
    if (path.isBlockStatement()) path.unshiftContainer('body', count());
    else path.replaceWith(t.blockStatement([count(), path.node]));
  };
  const note = (node: types.Node | null | undefined): void => {
    if (t.isStringLiteral(node) && node.value.length > 0 && node.value.length <= MAX_WORD) file.words.add(node.value);
    else if (t.isNumericLiteral(node)) file.numbers.add(node.value);
  };
  const allocated = (size: types.Node | undefined, width: number): types.Expression | null =>
    size !== undefined && t.isExpression(size) && !t.isArrayExpression(size)
      ? t.callExpression(t.identifier(ALLOCATE), [size, t.numericLiteral(width)])
      : null;

  return {
    visitor: {
      Function(path) {
        const body = path.get('body');
        if (body.isBlockStatement()) body.unshiftContainer('body', count());
        else if (body.isExpression()) body.replaceWith(counted(body.node));
      },
      IfStatement(path) {
        enter(path.get('consequent'));
        const alternate = path.get('alternate');
        if (alternate.isStatement()) enter(alternate);
        else path.set('alternate', t.blockStatement([count()]));
      },
      Loop(path) {
        enter(path.get('body'));
        path.insertAfter(count());
      },
      SwitchCase(path) {
        note(path.node.test);
        path.unshiftContainer('consequent', count());
      },
      CatchClause(path) {
        path.get('body').unshiftContainer('body', count());
      },
      ConditionalExpression(path) {
        path.get('consequent').replaceWith(counted(path.node.consequent));
        path.get('alternate').replaceWith(counted(path.node.alternate));
      },
      LogicalExpression(path) {
        path.get('right').replaceWith(counted(path.node.right));
      },
      BinaryExpression({ node }) {
        if (!COMPARISONS.has(node.operator)) return;
        note(node.left);
        note(node.right);
      },
      VariableDeclarator({ node }) {
        note(node.init);
      },
      ObjectProperty({ node }) {
        note(node.value);
        if (t.isIdentifier(node.key)) note(t.stringLiteral(node.key.name));
        else note(node.key);
      },
      NewExpression({ node }) {
        if (!t.isIdentifier(node.callee)) return;
        if (node.callee.name === 'Set')
          node.arguments.forEach((list) => t.isArrayExpression(list) && list.elements.forEach(note));
        const size = allocated(node.arguments[0], WIDTHS[node.callee.name] ?? 0);
        if (size !== null && node.callee.name in WIDTHS) node.arguments[0] = size;
      },
      CallExpression({ node }) {
        const { callee } = node;
        if (!t.isMemberExpression(callee) || !t.isIdentifier(callee.property)) return;
        const { name } = callee.property;
        if (TEXT_TESTS.has(name)) node.arguments.forEach(note);
        const size = node.arguments[0];
        if (t.isIdentifier(callee.object, { name: 'Buffer' }) && BUFFER_CALLS.has(name)) {
          node.arguments[0] = allocated(size, 1) ?? (size as types.Expression);
        }
      },
    },
  };
}
