import type { TypedColumn } from '../sql/column-type';
import { columnsOf, schemaText } from './table-schema';
import type { DataFile, TableIdentity } from './table-snapshot';

/** A step from one snapshot to the next, as a line of a table's log says it. */
export type Action =
  | { readonly kind: 'metadata'; readonly identity: TableIdentity; readonly schema: TableSchema }
  | { readonly kind: 'add'; readonly file: DataFile; readonly dataChange: boolean }
  | { readonly kind: 'remove'; readonly path: string; readonly removedMs: number; readonly dataChange: boolean }
  | { readonly kind: 'position'; readonly appId: string; readonly next: number; readonly nowMs: number }
  | { readonly kind: 'commit'; readonly id: string; readonly operation: string; readonly nowMs: number }
  | { readonly kind: 'protocol'; readonly reader: number; readonly writer: number };

export interface TableSchema {
  readonly columns: readonly TypedColumn[];
  readonly partitionBy: readonly string[];
}

/** What every reader of Delta tables understands. */
export const PROTOCOL = { reader: 1, writer: 2 } as const;

/** An action as the Delta protocol writes it, and as its checkpoints hold it. Statistics need the table's columns. */
export function deltaAction(action: Action, columns: readonly TypedColumn[]): Readonly<Record<string, unknown>> {
  switch (action.kind) {
    case 'protocol':
      return { protocol: { minReaderVersion: action.reader, minWriterVersion: action.writer } };
    case 'metadata':
      return {
        metaData: {
          id: action.identity.id,
          format: { provider: 'parquet', options: {} },
          schemaString: schemaText(action.schema.columns),
          partitionColumns: action.schema.partitionBy,
          configuration: action.identity.configuration,
          createdTime: action.identity.createdMs,
        },
      };
    case 'add':
      return {
        add: {
          path: encodedPath(action.file.path),
          partitionValues: action.file.partition,
          size: action.file.bytes,
          modificationTime: action.file.addedMs,
          dataChange: action.dataChange,
          stats: JSON.stringify(statisticsOf(action.file, columns)),
        },
      };
    case 'remove':
      return {
        remove: { path: encodedPath(action.path), deletionTimestamp: action.removedMs, dataChange: action.dataChange },
      };
    case 'position':
      return { txn: { appId: action.appId, version: action.next, lastUpdated: action.nowMs } };
    case 'commit':
      return {
        commitInfo: {
          timestamp: action.nowMs,
          operation: action.operation,
          engineInfo: 'tillstream',
          txnId: action.id,
        },
      };
  }
}

interface DeltaLine {
  readonly protocol?: { readonly minReaderVersion: number; readonly minWriterVersion: number } | null;
  readonly metaData?: {
    readonly id: string;
    readonly schemaString: string;
    readonly partitionColumns: readonly string[];
    readonly configuration?: Readonly<Record<string, string>> | null;
    readonly createdTime?: number | null;
  } | null;
  readonly add?: {
    readonly path: string;
    readonly partitionValues: Readonly<Record<string, string | null>>;
    readonly size: number;
    readonly modificationTime: number;
    readonly dataChange: boolean;
    readonly stats?: string | null;
  } | null;
  readonly remove?: {
    readonly path: string;
    readonly deletionTimestamp?: number | null;
    readonly dataChange: boolean;
  } | null;
  readonly txn?: { readonly appId: string; readonly version: number; readonly lastUpdated?: number | null } | null;
  readonly commitInfo?: {
    readonly timestamp?: number;
    readonly operation?: string;
    readonly txnId?: string;
  } | null;
}

/** Null: an action that does not matter here. */
export function actionOf(value: unknown, columns: readonly TypedColumn[]): Action | null {
  const { protocol, metaData, add, remove, txn, commitInfo } = value as DeltaLine;
  if (protocol) return { kind: 'protocol', reader: protocol.minReaderVersion, writer: protocol.minWriterVersion };
  if (metaData) {
    const identity = {
      id: metaData.id,
      createdMs: metaData.createdTime ?? 0,
      configuration: metaData.configuration ?? {},
    };
    const schema = { columns: columnsOf(metaData.schemaString), partitionBy: metaData.partitionColumns };
    return { kind: 'metadata', identity, schema };
  }
  if (add) {
    const file = {
      path: decodeURIComponent(add.path),
      bytes: add.size,
      partition: add.partitionValues,
      addedMs: add.modificationTime,
      ...readStatistics(add.stats ?? null, columns),
    };
    return { kind: 'add', file, dataChange: add.dataChange };
  }
  if (remove) {
    const path = decodeURIComponent(remove.path);
    return { kind: 'remove', path, removedMs: remove.deletionTimestamp ?? 0, dataChange: remove.dataChange };
  }
  if (txn) return { kind: 'position', appId: txn.appId, next: txn.version, nowMs: txn.lastUpdated ?? 0 };
  if (commitInfo) {
    return {
      kind: 'commit',
      id: commitInfo.txnId ?? '',
      operation: commitInfo.operation ?? '',
      nowMs: commitInfo.timestamp ?? 0,
    };
  }
  return null;
}

/** Paths in the log are parts of an address: what a path escapes (`server_name=a%2Fb`) is escaped once more. */
function encodedPath(path: string): string {
  return encodeURI(path).replace(/[?#]/gu, (character) => (character === '?' ? '%3F' : '%23'));
}

/** Texts are shortened to so many characters: the log is read whole. */
const TEXT_LENGTH = 32;
/** Behind a shortened text: greater than everything that began with it. */
const ABOVE_ALL = '\u{10FFFF}';
const YEAR_10000_MS = Date.UTC(10_000, 0);
const YEAR_0_MS = Date.parse('0000-01-01T00:00:00Z');

type Bounds = Readonly<Record<string, string | number | null>>;

function statisticsOf(file: DataFile, columns: readonly TypedColumn[]): Readonly<Record<string, unknown>> {
  const bounds = (from: Bounds, isMax: boolean) =>
    Object.fromEntries(
      columns.flatMap((column) => {
        const value = statistic(column, from[column.name] ?? null, isMax);
        return value === null ? [] : [[column.name, value]];
      }),
    );
  return {
    numRecords: file.rows,
    minValues: bounds(file.min, false),
    maxValues: bounds(file.max, true),
    nullCount: {},
  };
}

/** Null: not to be said, either since it is not known or since not every reader would understand it. */
function statistic({ type }: TypedColumn, value: string | number | null, isMax: boolean): string | number | null {
  switch (type) {
    case 'string': {
      if (typeof value !== 'string') return null;
      const characters = [...value.slice(0, 2 * TEXT_LENGTH + 2)];
      if (characters.length <= TEXT_LENGTH) return value;
      return characters.slice(0, TEXT_LENGTH).join('') + (isMax ? ABOVE_ALL : '');
    }
    case 'date':
      return typeof value === 'string' ? value : null;
    case 'timestamp':
      if (typeof value !== 'number' || value < YEAR_0_MS || value >= YEAR_10000_MS) return null;
      return new Date(isMax ? Math.ceil(value) : Math.floor(value)).toISOString();
    case 'long':
      return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
    case 'double':
      return typeof value === 'number' && Number.isFinite(value) ? value : null;
    default:
      return null;
  }
}

interface Statistics {
  readonly numRecords?: number;
  readonly minValues?: Readonly<Record<string, unknown>>;
  readonly maxValues?: Readonly<Record<string, unknown>>;
}

function readStatistics(text: string | null, columns: readonly TypedColumn[]): Pick<DataFile, 'rows' | 'min' | 'max'> {
  const { numRecords = 0, minValues = {}, maxValues = {} } = JSON.parse(text ?? '{}') as Statistics;
  const bounds = (from: Readonly<Record<string, unknown>>) =>
    Object.fromEntries(
      columns.flatMap((column) => {
        const value = readStatistic(column, from[column.name]);
        return value === null ? [] : [[column.name, value]];
      }),
    );
  return { rows: numRecords, min: bounds(minValues), max: bounds(maxValues) };
}

function readStatistic({ type }: TypedColumn, value: unknown): string | number | null {
  if (type === 'timestamp') {
    const ms = typeof value === 'string' ? Date.parse(value) : NaN;
    return Number.isNaN(ms) ? null : ms;
  }
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
