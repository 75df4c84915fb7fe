/** The ratios as a dot plot in SVG: one row a figure, one dot a subject, on a logarithmic scale around 1. */
import { boundOf, type Figure, FLOOR_AGAIN, NAMES, PIPE } from './figures.ts';
import { short } from './table.ts';

const WIDTH = 900;
const LEFT = 330;
const RIGHT = 30;
const TOP = 56;
const ROW = 34;
const TICKS = [0.125, 0.25, 0.5, 1, 2, 4, 8, 16, 32];
const COLORS: Readonly<Record<string, string>> = {
  [PIPE]: '#8c8c8c',
  [FLOOR_AGAIN]: '#c4c4c4',
  [NAMES.streamable]: '#1f77b4',
  [NAMES.sse]: '#ff7f0e',
  [NAMES.modern]: '#2ca02c',
  [NAMES.rest]: '#9467bd',
};
/** For peers, in turn. */
const MORE_COLORS = ['#d62728', '#e377c2', '#8c564b', '#bcbd22'];

/** Only figures with ratios are drawn. */
export function toPlot(figures: readonly Figure[], subjects: readonly string[]): string {
  const rows = figures.filter(({ cells }) => [...cells.values()].some(({ ratio }) => ratio !== undefined));
  const ratios = rows.flatMap(({ cells }) => [...cells.values()].flatMap(({ ratio }) => ratio ?? []));
  const shown = subjects.filter((subject) =>
    rows.some(({ cells }) => cells.get(subject)?.ratio !== undefined),
  );
  const ticks = ticksFor(ratios);
  const height = TOP + rows.length * ROW + 30;
  const x = scale(ticks);
  const bottom = TOP + rows.length * ROW;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...legend(shown),
    ...ticks.map((tick) => tickMark(x(tick), bottom, tick)),
    ...rows.flatMap((figure, index) => row(figure, TOP + index * ROW + ROW / 2, x, shown)),
    '</svg>',
    '',
  ].join('\n');
}

/** Powers of two around everything that is drawn; what lies beyond the last is drawn at the edge. */
function ticksFor(ratios: readonly number[]): number[] {
  const low = Math.min(0.5, ...ratios);
  const high = Math.max(2, ...ratios);
  const first = TICKS.findLastIndex((tick) => tick <= low);
  const last = TICKS.findIndex((tick) => tick >= high);
  return TICKS.slice(Math.max(0, first), last < 0 ? TICKS.length : last + 1);
}

function scale(ticks: readonly number[]): (ratio: number) => number {
  const low = Math.log2(ticks[0] ?? 0.5);
  const high = Math.log2(ticks.at(-1) ?? 2);
  return (ratio) => {
    const share = (Math.log2(ratio) - low) / (high - low);
    return LEFT + Math.min(1, Math.max(0, share)) * (WIDTH - LEFT - RIGHT);
  };
}

function legend(subjects: readonly string[]): string[] {
  let at = 16;
  return subjects.flatMap((subject) => {
    const here = at;
    at += 26 + subject.length * 7;
    return [
      `<circle cx="${here}" cy="20" r="5" fill="${colorOf(subject, subjects)}"/>`,
      `<text x="${here + 9}" y="24">${escape(subject)}</text>`,
    ];
  });
}

function tickMark(x: number, bottom: number, tick: number): string {
  const stroke = tick === 1 ? '#444' : '#ddd';
  return (
    `<line x1="${round(x)}" y1="${TOP - 8}" x2="${round(x)}" y2="${bottom}" stroke="${stroke}"/>` +
    `<text x="${round(x)}" y="${bottom + 18}" text-anchor="middle">${tick}</text>`
  );
}

function row(
  { spec, cells }: Figure,
  y: number,
  x: (ratio: number) => number,
  subjects: readonly string[],
): string[] {
  const bound = boundOf(spec, NAMES.streamable);
  const limit = bound && ('max' in bound ? bound.max : bound.min);
  const dots = subjects.flatMap((subject) => {
    const ratio = cells.get(subject)?.ratio;
    if (ratio === undefined) return [];
    const title = `<title>${escape(subject)}: ${short(ratio)}</title>`;
    return [
      `<circle cx="${round(x(ratio))}" cy="${y}" r="5" fill="${colorOf(subject, subjects)}" fill-opacity="0.85">${title}</circle>`,
    ];
  });
  return [
    `<text x="${LEFT - 12}" y="${y + 4}" text-anchor="end">${escape(labelOf(spec.title))}</text>`,
    `<line x1="${LEFT}" y1="${y}" x2="${WIDTH - RIGHT}" y2="${y}" stroke="#eee"/>`,
    ...(limit === undefined
      ? []
      : [
          `<line x1="${round(x(limit))}" y1="${y - 11}" x2="${round(x(limit))}" y2="${y + 11}" stroke="#c00" stroke-width="2"><title>must: ${limit}</title></line>`,
        ]),
    ...dots,
  ];
}

/** What the ratio is over stands in the table. */
function labelOf(title: string): string {
  return title.split(', over')[0] ?? title;
}

function colorOf(subject: string, subjects: readonly string[]): string {
  const peers = subjects.filter((name) => COLORS[name] === undefined);
  return COLORS[subject] ?? MORE_COLORS[peers.indexOf(subject) % MORE_COLORS.length] ?? '#000';
}

function round(value: number): string {
  return value.toFixed(1);
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
