const WIDTH = 760;
const HEIGHT = 360;
const LEFT = 60;
const RIGHT = 190;
const TOP = 40;
const BOTTOM = 50;
const COLOURS = ['#3a7d44', '#2a6f97', '#e08e0b', '#b5305a'];
const MOST = 64;

export interface SkewLine {
  readonly name: string;
  /** Load of the fullest partition as a multiple of the mean, for each of `counts`. */
  readonly ratios: readonly number[];
}

/** A picture of how uneven partitions are, both axes in powers of two, as SVG. */
export function skewChart(title: string, counts: readonly number[], lines: readonly SkewLine[]): string {
  const right = WIDTH - RIGHT;
  const [first, last] = [counts[0] ?? 1, counts.at(-1) ?? 2];
  const x = (count: number): number => LEFT + (Math.log2(count / first) / Math.log2(last / first)) * (right - LEFT);
  const y = (ratio: number): number =>
    HEIGHT - BOTTOM - (Math.log2(Math.min(ratio, MOST)) / Math.log2(MOST)) * (HEIGHT - TOP - BOTTOM);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<text x="${LEFT}" y="22" font-size="14">${title}</text>`,
  ];
  for (let ratio = 1; ratio <= MOST; ratio *= 2) {
    parts.push(`<path d="M${LEFT} ${y(ratio).toFixed(1)}H${right}" stroke="#ddd"/>`);
    parts.push(
      `<text x="${LEFT - 8}" y="${(y(ratio) + 4).toFixed(1)}" text-anchor="end" fill="#555">${ratio} ×</text>`,
    );
  }
  for (const count of counts) {
    parts.push(
      `<text x="${x(count).toFixed(1)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle" fill="#555">${count}</text>`,
    );
  }
  lines.forEach(({ name, ratios }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '#000';
    const points = ratios.map((ratio, i) => `${x(counts[i] ?? first).toFixed(1)} ${y(ratio).toFixed(1)}`);
    parts.push(`<path d="M${points.join('L')}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    const end = y(ratios.at(-1) ?? 1);
    parts.push(`<text x="${right + 12}" y="${(end + 4).toFixed(1)}" fill="${colour}">${name}</text>`);
  });
  parts.push(`<text x="${LEFT}" y="${HEIGHT - 12}" fill="#555">partitions</text>`);
  return `${[...parts, '</svg>'].join('\n')}\n`;
}
