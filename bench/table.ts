/** Figures as a Markdown table: ratios, and the value of what they are ratios of. */
import { type Cell, type Figure, type FigureSpec, isMet } from './figures.ts';

export function toTable(figures: readonly Figure[], subjects: readonly string[]): string {
  const columns = subjects.filter((subject) => figures.some(({ cells }) => cells.has(subject)));
  const rows = figures.map(({ spec, cells }) => [
    spec.title,
    ...columns.map((subject) => cellText(spec, subject, cells.get(subject))),
    mustText(spec),
  ]);
  const lines = [['figure', ...columns, 'must'], ['---', ...columns.map(() => '---:'), '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function cellText(spec: FigureSpec, subject: string, cell: Cell | undefined): string {
  if (cell === undefined) return '';
  const text = cell.ratio === undefined ? valueText(spec, cell.value) : short(cell.ratio);
  return isMet(spec, subject, cell) ? text : `**${text}**`;
}

/** Plain values have their unit in the title. */
function valueText({ unit, title }: FigureSpec, value: number): string {
  return title.endsWith(`(${unit})`) ? short(value) : `${short(value)} ${unit}`;
}

function mustText({ must, overSubject, overFigure }: FigureSpec): string {
  if (must === undefined) return '';
  const over = overSubject === undefined && overFigure === undefined ? '' : ' ×';
  if (must.min !== undefined) return `≥ ${must.min}${over}`;
  const except = Object.entries(must.except ?? {}).map(([subject, max]) => `; ${subject} ≤ ${max}${over}`);
  return `≤ ${must.max}${over}${except.join('')}`;
}

export function short(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}
