import { ALLOWED_FUNCTIONS, ALLOWED_TABLE_FUNCTIONS } from './allowed-functions';

/** The SQL cannot be answered as it is; the message says what would be right. */
export class SqlRefusedError extends Error {
  override readonly name = 'SqlRefusedError';
  readonly code = 'SQL_REFUSED';
}

/** What DuckDB's parser makes of a text, by its own `json_serialize_sql`. */
export type SyntaxTree = null | string | number | boolean | readonly SyntaxTree[] | SyntaxNode;
interface SyntaxNode {
  readonly [name: string]: SyntaxTree | undefined;
}

/** Parts of a query that are understood here. Whatever else there may be is refused. */
const KNOWN_TYPES: ReadonlySet<string> = new Set(
  `SELECT_NODE SET_OPERATION_NODE RECURSIVE_CTE_NODE
  BASE_TABLE JOIN SUBQUERY EMPTY EXPRESSION_LIST TABLE_FUNCTION SHOW_REF
  LIMIT_MODIFIER LIMIT_PERCENT_MODIFIER ORDER_MODIFIER DISTINCT_MODIFIER
  ORDER_DEFAULT ASCENDING DESCENDING
  COLUMN_REF STAR VALUE_CONSTANT FUNCTION LAMBDA LAMBDA_REF CASE_EXPR COLLATE
  CONJUNCTION_AND CONJUNCTION_OR COMPARE_EQUAL COMPARE_NOTEQUAL COMPARE_LESSTHAN COMPARE_GREATERTHAN COMPARE_LESSTHANOREQUALTO
  COMPARE_GREATERTHANOREQUALTO COMPARE_IN COMPARE_NOT_IN COMPARE_DISTINCT_FROM COMPARE_NOT_DISTINCT_FROM COMPARE_BETWEEN
  COMPARE_NOT_BETWEEN OPERATOR_CAST OPERATOR_NOT OPERATOR_IS_NULL OPERATOR_IS_NOT_NULL OPERATOR_COALESCE OPERATOR_NULLIF
  OPERATOR_TRY OPERATOR_UNPACK ARRAY_EXTRACT ARRAY_SLICE STRUCT_EXTRACT ARRAY_CONSTRUCTOR ARROW GROUPING_FUNCTION POSITIONAL_REFERENCE
  WINDOW_AGGREGATE WINDOW_ROW_NUMBER WINDOW_RANK WINDOW_RANK_DENSE WINDOW_PERCENT_RANK WINDOW_CUME_DIST WINDOW_NTILE WINDOW_LEAD
  WINDOW_LAG WINDOW_FIRST_VALUE WINDOW_LAST_VALUE WINDOW_NTH_VALUE WINDOW_FILL`.split(/\s+/),
);

/**
 * Lets a text pass that only reads tables it may see, and calls only functions that compute. What it may do is listed; whatever is
 * not is refused, so that nothing new in DuckDB opens anything.
 *
 * @param tree what `json_serialize_sql` answers
 * @param tables names that may be read, in lower case
 * @throws SqlRefusedError
 */
export function guardSql(tree: SyntaxTree, tables: readonly string[]): void {
  if (!isNode(tree)) throw new Error('json_serialize_sql has answered no object');
  if (tree['error'] === true) throw new SqlRefusedError(whyUnreadable(tree));
  const statements = tree['statements'];
  if (!Array.isArray(statements) || statements.length !== 1)
    throw new SqlRefusedError('exactly one SELECT is answered');
  new Guard(tables).visit(statements[0] as SyntaxTree, new Set(tables));
}

function whyUnreadable(node: SyntaxNode): string {
  if (node['error_type'] !== 'parser') {
    return 'only a SELECT is answered: nothing is written, set, loaded or attached here, and PIVOT is better written with FILTER';
  }
  const position = textOf(node, 'position');
  const place = position === '' ? '' : ` (at character ${Number(position) + 1})`;
  return `the SQL cannot be read: ${textOf(node, 'error_message')}${place}`;
}

class Guard {
  constructor(private readonly tables: readonly string[]) {}

  /** @param readable names that may be read here: tables, and queries that WITH has named. */
  visit(tree: SyntaxTree | undefined, readable: ReadonlySet<string>): void {
    if (Array.isArray(tree)) {
      for (const part of tree) this.visit(part as SyntaxTree, readable);
    } else if (isNode(tree)) {
      this.visitNode(tree, readable);
    }
  }

  private visitNode(node: SyntaxNode, readable: ReadonlySet<string>): void {
    const { type } = node;
    if (typeof type === 'string') this.checkType(node, type, readable);
    if (typeof node['function_name'] === 'string') this.checkFunction(node, node['function_name'], type);
    const within = this.withNamed(node['cte_map'], readable);
    for (const [name, part] of Object.entries(node)) {
      if (name === 'cte_map') continue; // visited, each with the names before it
      if (type === 'TABLE_FUNCTION' && name === 'function') this.visitTableFunction(part, within);
      else if (type === 'RECURSIVE_CTE_NODE' && name === 'right') this.visit(part, withItself(node, within));
      else this.visit(part, within);
    }
  }

  private checkType(node: SyntaxNode, type: string, readable: ReadonlySet<string>): void {
    if (type.endsWith('_TYPE_INFO')) return; // of a type's parameters
    if (type === 'VALUE_PARAMETER') throw new SqlRefusedError('parameters cannot be given: write values into the SQL');
    if (!KNOWN_TYPES.has(type)) throw new SqlRefusedError(`${type} is not answered here`);
    if (type === 'BASE_TABLE') this.checkTable(node, readable);
    if (type === 'SHOW_REF' && !isDescription(node)) {
      throw new SqlRefusedError('of what there is, SHOW TABLES, DESCRIBE and SUMMARIZE can be asked');
    }
  }

  private checkTable(node: SyntaxNode, readable: ReadonlySet<string>): void {
    const name = textOf(node, 'table_name');
    const full = [textOf(node, 'catalog_name'), textOf(node, 'schema_name'), name]
      .filter((part) => part !== '')
      .join('.');
    if (full === name && node['at_clause'] === null && readable.has(name.toLowerCase())) return;
    throw new SqlRefusedError(`there is no table "${full}" to read; there is ${this.tables.join(', ')}`);
  }

  private checkFunction({ schema, catalog }: SyntaxNode, name: string, type: SyntaxTree | undefined): void {
    const isBuiltIn = (schema === '' || schema === 'main') && catalog === '';
    // A call where a table stands is looked at in visitTableFunction.
    if (isBuiltIn && typeof type === 'string' && ALLOWED_FUNCTIONS.has(name.toLowerCase())) return;
    throw new SqlRefusedError(`the function ${name} cannot be called here`);
  }

  private visitTableFunction(call: SyntaxTree | undefined, readable: ReadonlySet<string>): void {
    const name = isNode(call) ? textOf(call, 'function_name') : '';
    if (!isNode(call) || !ALLOWED_TABLE_FUNCTIONS.has(name.toLowerCase())) {
      throw new SqlRefusedError(
        `${name} cannot be read as a table here; there is ${this.tables.join(', ')}, unnest, range and generate_series`,
      );
    }
    this.visitNode(call, readable);
  }

  /** Visits the queries that a WITH names: each may read those before it. @returns names that the rest may read */
  private withNamed(withs: SyntaxTree | undefined, readable: ReadonlySet<string>): ReadonlySet<string> {
    const map = isNode(withs) ? withs['map'] : undefined;
    if (!Array.isArray(map) || map.length === 0) return readable;
    const within = new Set(readable);
    for (const named of map as readonly SyntaxNode[]) {
      this.visit(named['value'], within);
      within.add(textOf(named, 'key').toLowerCase());
    }
    return within;
  }
}

/** The part of a recursive query that is repeated reads the query itself; where it begins, that name means something else. */
function withItself(node: SyntaxNode, readable: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...readable, textOf(node, 'cte_name').toLowerCase()]);
}

/** `DESCRIBE events`, `SUMMARIZE events` (or of a query), `SHOW TABLES`: nothing else of the kind. */
function isDescription({ show_type: type, query, table_name: name }: SyntaxNode): boolean {
  if (type === 'SHOW_UNQUALIFIED') return name === '"tables"';
  return (type === 'DESCRIBE' || type === 'SUMMARY') && isNode(query);
}

function isNode(tree: SyntaxTree | undefined): tree is SyntaxNode {
  return typeof tree === 'object' && tree !== null && !Array.isArray(tree);
}

/** A member that is a text; empty where it is not. */
function textOf(node: SyntaxNode, name: string): string {
  const text = node[name];
  return typeof text === 'string' ? text : '';
}
