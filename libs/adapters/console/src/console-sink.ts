import type { Feed, FeedColumn, FeedRow, FeedTable, StreamDefinition } from '@tillstream/contracts';
import { EventRows, isoInstant } from '@tillstream/contracts';
import type { FeedPortion, FlushBounds, PendingRows, Sink, SinkPartition } from '@tillstream/engine';
import type { TextOutput } from './text-output';
import type { TableLook } from './render-table';
import { renderTable } from './render-table';
import { WindowBoard } from './window-board';

export interface ConsoleSinkOptions extends TableLook {
  /** `update`: what is new. `complete`: of results the whole window whenever there is something new in it. */
  readonly mode: 'update' | 'complete';
  /** How many windows of a metric `complete` remembers. */
  readonly windows: number;
  readonly bounds: FlushBounds;
}

/** Groups of a window that `complete` remembers: more than anybody reads. */
const MOST_GROUPS = 1_000;
/** What a value weighs, about. */
const BYTES_A_VALUE = 24;
/** They stand in the title, or say nothing to people. */
const TITLED = new Set(['metric', 'definition', 'window_start', 'window_end', 'group', 'revision', 'truncated']);

/** Tables for people, in a terminal or a file. A row may be shown again after a crash; none is left out. */
export class ConsoleSink implements Sink {
  private readonly board: WindowBoard;

  constructor(
    private readonly output: TextOutput,
    private readonly definition: StreamDefinition,
    private readonly options: ConsoleSinkOptions,
  ) {
    this.board = new WindowBoard(options.windows, MOST_GROUPS);
  }

  prepare(): Promise<void> {
    return this.output.open();
  }

  async open(feed: Feed, _partition: number, tables: readonly FeedTable[]): Promise<SinkPartition> {
    const [table] = tables;
    const events = table && feed === 'events' ? new EventRows(this.definition.schema, table) : null;
    const rowsOf = ({ rows }: FeedPortion): readonly FeedRow[] =>
      rows.kind === 'rows' ? rows.rows : (events?.of(rows.batch, rows.selected) ?? []);
    return new ConsolePartition(this.options.bounds, rowsOf, (rows) => this.show(tables, rows));
  }

  close(): Promise<void> {
    return this.output.close();
  }

  private async show(tables: readonly FeedTable[], rows: readonly FeedRow[]): Promise<void> {
    const texts = tables.map((table) => {
      const own = rows.filter((row) => row.table === table.name);
      if (own.length === 0) return '';
      return table.feed === 'finals' ? this.windows(table, own) : this.plain(table, own);
    });
    await this.output.write(texts.join(''));
  }

  private plain({ name, columns }: FeedTable, rows: readonly FeedRow[]): string {
    const stream = this.definition.schema.stream;
    return renderTable(`${stream} · ${name} · ${rows.length} new`, columns, rows, this.options);
  }

  /** A table for each window. */
  private windows(table: FeedTable, rows: readonly FeedRow[]): string {
    const columns = table.metric === null ? table.columns : table.columns.filter(({ name }) => !TITLED.has(name));
    if (this.options.mode === 'complete') {
      return this.board
        .put(table.name, rows)
        .map((window) => this.window(table, columns, [...window.rows.values()], rows, window.isCut))
        .join('');
    }
    const starts = [...new Set(rows.map(({ timeMs }) => timeMs))].sort((a, b) => a - b);
    return starts
      .map((start) => rows.filter(({ timeMs }) => timeMs === start))
      .map((own) => this.window(table, columns, own, own, false))
      .join('');
  }

  private window(
    table: FeedTable,
    columns: readonly FeedColumn[],
    rows: readonly FeedRow[],
    fresh: readonly FeedRow[],
    isCut: boolean,
  ): string {
    const [first] = rows;
    if (first === undefined) return '';
    const end = first.values['window_end'];
    const span = `${isoInstant(first.timeMs)}${typeof end === 'number' ? ` to ${isoInstant(end)}` : ''}`;
    const ids = new Set(fresh.filter(({ timeMs }) => timeMs === first.timeMs).map(({ id }) => id));
    const more = isCut ? `, of more than ${rows.length}` : '';
    const title = `${this.definition.schema.stream} · ${table.metric ?? table.name} · ${span} · ${ids.size} new${more}`;
    return renderTable(title, columns, rows, this.options);
  }
}

/** Rows of a partition until they are shown. */
class ConsolePartition implements SinkPartition {
  readonly next = null;
  private rows: FeedRow[] = [];
  private bytes = 0;

  constructor(
    readonly bounds: FlushBounds,
    private readonly rowsOf: (portion: FeedPortion) => readonly FeedRow[],
    private readonly show: (rows: readonly FeedRow[]) => Promise<void>,
  ) {}

  get pending(): PendingRows {
    return { rows: this.rows.length, bytes: this.bytes };
  }

  async add(portion: FeedPortion): Promise<void> {
    for (const row of this.rowsOf(portion)) {
      this.rows.push(row);
      this.bytes += row.record?.length ?? BYTES_A_VALUE * Object.keys(row.values).length;
    }
  }

  async flush(): Promise<void> {
    if (this.rows.length > 0) await this.show(this.rows);
    await this.close();
  }

  async close(): Promise<void> {
    this.rows = [];
    this.bytes = 0;
  }
}
