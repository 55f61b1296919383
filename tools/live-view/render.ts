import type { Ranked, RevenueWindow, Snapshot } from './snapshot';

/** Where the platform can be reached, for the last line. */
export interface Addresses {
  readonly gateway: string;
  readonly query: string;
  readonly logs: string;
}

/** The view for a terminal, as lines. */
export function renderBlock(snapshot: Snapshot, addresses: Addresses): string[] {
  return [
    '',
    `  ${label('events/s')}${rate(snapshot)}${label('   lag').trimEnd()} ${lag(snapshot)}`,
    ...snapshot.revenue
      .toReversed()
      .map((window, index) => `  ${label(index === 0 ? 'revenue' : '')}${revenue(window)}`),
    ...(snapshot.funnel ? [`  ${label('funnel')}${funnel(snapshot.funnel)}`] : []),
    ...(snapshot.bestSellers ? [`  ${label('sells best')}${bestSellers(snapshot.bestSellers)}`] : []),
    ...(snapshot.topUsers.length > 0 ? [`  ${label('top users')}${ranking(snapshot.topUsers)}`] : []),
    '',
    `  events to ${addresses.gateway}   questions to ${addresses.query} (gRPC)   logs in ${addresses.logs}   Ctrl-C ends it`,
  ];
}

/** The same on one line, for a file or a pipe. */
export function renderLine(snapshot: Snapshot): string {
  const newest = snapshot.revenue.at(-1);
  return [
    `events/s ${rate(snapshot)}`,
    `lag ${lag(snapshot)}`,
    ...(newest ? [`revenue ${revenue(newest)}`] : []),
    ...(snapshot.funnel ? [`funnel ${funnel(snapshot.funnel)}`] : []),
  ].join(' | ');
}

const label = (text: string): string => text.padEnd(11);

const rate = ({ eventsPerSecond }: Snapshot): string => (eventsPerSecond === null ? '–' : eventsPerSecond.toFixed(0));

const lag = ({ lagRecords }: Snapshot): string => (lagRecords === null ? '–' : `${lagRecords} records`);

function revenue({ startMs, endMs, total, final, categories }: RevenueWindow): string {
  return `${span(startMs, endMs)} ${total.padStart(12)} ${final ? 'final ' : 'so far'}  ${ranking(categories)}`;
}

function funnel({ startMs, endMs, visitors, carts, purchasers }: NonNullable<Snapshot['funnel']>): string {
  return `${span(startMs, endMs)} ${visitors} visitors, ${carts} with a cart, ${purchasers} bought`;
}

function bestSellers({ startMs, endMs, products }: NonNullable<Snapshot['bestSellers']>): string {
  return `${span(startMs, endMs)} ${ranking(products)}`;
}

const ranking = (entries: readonly Ranked[]): string =>
  entries.map(({ name, amount }) => `${name} ${amount}`).join(', ');

const span = (startMs: number, endMs: number): string => `${clock(startMs)}–${clock(endMs)}`;

/** UTC, as the windows are. */
const clock = (epochMs: number): string => new Date(epochMs).toISOString().slice(11, 19);
