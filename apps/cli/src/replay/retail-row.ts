import { type CsvColumns, type CsvKind, jsonNumber } from './csv-kind';
import type { ReplayRow } from './replay-source';

/** The file of UCI's Online Retail, in the order of time: a line of an invoice a row. */
export const RETAIL: CsvKind = {
  name: 'Online Retail',
  columns: ['InvoiceNo', 'StockCode', 'Description', 'Quantity', 'InvoiceDate', 'UnitPrice', 'CustomerID', 'Country'],
  row: retailRow,
  timeMs: (columns) => retailTime(columns['InvoiceDate'] ?? ''),
};

/**
 * One row as an event of the stream `retail`. Its id follows from file and row: lines that look alike are lines of their own.
 * Quantity and price keep their digits. What cannot be read is passed on as it is, for the gateway to refuse with its reason.
 */
function retailRow(source: string, number: number, columns: CsvColumns, shiftMs: number): Omit<ReplayRow, 'file'> {
  const timeMs = RETAIL.timeMs(columns);
  const description = columns['Description'] ?? '';
  // Customers are numbers that a spreadsheet has written as 17850.0.
  const customer = (columns['CustomerID'] ?? '').replace(/\.0$/, '');
  const event = {
    line_id: `${source}#${number}`,
    invoice_no: columns['InvoiceNo'],
    product_code: columns['StockCode'],
    ...(description === '' ? {} : { description }),
    invoiced_at: timeMs === null ? columns['InvoiceDate'] : new Date(timeMs + shiftMs).toISOString(),
    ...(customer === '' ? {} : { customer_id: customer }),
    country: columns['Country'],
  };
  const [quantity, price] = [columns['Quantity'] ?? '', columns['UnitPrice'] ?? ''].map(jsonNumber);
  return {
    number,
    text: `${JSON.stringify(event).slice(0, -1)},"quantity":${quantity},"unit_price":${price}}`,
    timeMs: timeMs === null ? null : timeMs + shiftMs,
  };
}

/** `2010-12-01 08:26:00` → epoch ms, or null. The file names no zone; it is taken for UTC. */
function retailTime(text: string): number | null {
  const match = /^(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)$/.exec(text);
  const timeMs = match === null ? NaN : Date.parse(`${match[1]}T${match[2]}Z`);
  return Number.isNaN(timeMs) ? null : timeMs;
}
