const WIDTH = 760;
const HEIGHT = 380;
const LEFT = 60;
const RIGHT = 150;
const TOP = 40;
const BOTTOM = 50;
const COLOURS = ['#2a6f97', '#e08e0b', '#b5305a', '#3a7d44'];
/** Shares that are marked below, each a tenth of what is left. */
const SHARES = [0, 0.5, 0.9, 0.99, 0.999];

export interface ChartLine {
  readonly name: string;
  readonly values: readonly number[];
}

/** A picture of distributions, as SVG: how many milliseconds (upwards, in powers of ten) which share stays below. */
export function percentileChart(title: string, lines: readonly ChartLine[]): string {
  const [low, high] = [1, 10 ** Math.ceil(Math.log10(Math.max(10, ...lines.map(({ values }) => mostOf(values)))))];
  const most = Math.max(...lines.map(({ values }) => values.length));
  const right = WIDTH - RIGHT;
  const x = (rank: number): number => LEFT + (tail(rank) / tail(1 - 1 / most)) * (right - LEFT);
  const y = (ms: number): number =>
    HEIGHT - BOTTOM - (Math.log10(Math.max(low, ms) / low) / Math.log10(high / low)) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="14">${title}</text>`,
  ];
  for (let ms = low; ms <= high; ms *= 10) {
    parts.push(`<path d="M${LEFT} ${y(ms).toFixed(1)}H${right}" stroke="#ddd"/>`);
    parts.push(`<text x="${LEFT - 8}" y="${(y(ms) + 4).toFixed(1)}" text-anchor="end" fill="#555">${ms}</text>`);
  }
  for (const share of SHARES.filter((one) => one <= 1 - 1 / most)) {
    const at = x(share).toFixed(1);
    parts.push(`<path d="M${at} ${TOP}V${HEIGHT - BOTTOM}" stroke="#eee"/>`);
    parts.push(`<text x="${at}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#555">${share * 100} %</text>`);
  }
  lines.forEach(({ name, values }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '#000';
    const points = ranks(values).map(([rank, ms]) => `${x(rank).toFixed(1)} ${y(ms).toFixed(1)}`);
    parts.push(`<path d="M${points.join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    parts.push(`<text x="${right + 12}" y="${TOP + 20 + index * 20}" fill="${colour}">${name}</text>`);
  });
  return `${[...parts, '</svg>'].join('\n')}\n`;
}

/** How far to the right a share stands: the rarer what is beyond it, the more room it gets. */
const tail = (rank: number): number => Math.log10(1 / (1 - Math.min(rank, 1 - 1e-9)));

/** A few hundred places of a distribution, dense at its upper end, the last value included. */
function ranks(values: readonly number[]): [number, number][] {
  const sorted = [...values].sort((a, b) => a - b);
  const places: [number, number][] = [];
  for (let left = sorted.length; left >= 1; left = Math.min(left - 1, Math.floor(left * 0.97))) {
    places.push([(sorted.length - left) / sorted.length, sorted[sorted.length - left] ?? 0]);
  }
  return places;
}

const mostOf = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0);
