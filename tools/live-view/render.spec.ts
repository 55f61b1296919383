import { renderBlock, renderLine } from './render';
import type { Snapshot } from './snapshot';

const NOON = Date.UTC(2026, 0, 1, 12);
const ADDRESSES = { gateway: 'http://127.0.0.1:8080', query: '127.0.0.1:50052', logs: '/data/logs' };

const snapshot: Snapshot = {
  eventsPerSecond: 199.7,
  lagRecords: 3,
  revenue: [
    {
      startMs: NOON,
      endMs: NOON + 60_000,
      total: '10.00',
      final: true,
      categories: [{ name: 'toys', amount: '10.00' }],
    },
    { startMs: NOON + 30_000, endMs: NOON + 90_000, total: '4.50', final: false, categories: [] },
  ],
  funnel: { startMs: NOON, endMs: NOON + 300_000, visitors: '50', carts: '5', purchasers: '2' },
  topUsers: [],
  bestSellers: { startMs: NOON, endMs: NOON + 3_600_000, products: [{ name: 'p1', amount: '8.50' }] },
};

describe('the live view', () => {
  it('shows the newest window first, and which one is final', () => {
    const lines = renderBlock(snapshot, ADDRESSES);
    expect(lines.find((line) => line.includes('revenue'))).toMatch(/12:00:30–12:01:30 +4\.50 so far/);
    expect(lines.find((line) => line.includes('sells best'))).toMatch(/12:00:00–13:00:00 p1 8\.50/);
    expect(lines.find((line) => line.includes('10.00'))).toMatch(/12:00:00–12:01:00 +10\.00 final +toys 10\.00/);
  });

  it('fits on a line for those who redirect it', () => {
    expect(renderLine(snapshot)).toMatch(
      /^events\/s 200 \| lag 3 records \| revenue 12:00:30.*\| funnel .*50 visitors/,
    );
  });

  it('goes on while nothing is known', () => {
    const unknown = { eventsPerSecond: null, lagRecords: null, funnel: null, bestSellers: null };
    const nothing: Snapshot = { ...unknown, revenue: [], topUsers: [] };
    expect(renderLine(nothing)).toBe('events/s – | lag –');
    expect(renderBlock(nothing, ADDRESSES).join('\n')).toContain('http://127.0.0.1:8080');
  });
});
