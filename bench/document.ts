/** Puts results between the markers of docs/performance.md, and the plot beside it. */
import { readFile, writeFile } from 'node:fs/promises';
import { arch, cpus, loadavg, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './subjects.ts';

const START = '<!-- results: written by npm run bench, not by hand -->';
const END = '<!-- end of results -->';
const GiB = 1_073_741_824;

/** @throws when the document has no markers */
export async function writeDocument(results: string, plot: string): Promise<void> {
  const file = join(ROOT, 'docs/performance.md');
  const text = await readFile(file, 'utf8');
  const start = text.indexOf(START);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error(`docs/performance.md needs the lines ${START} and ${END}`);
  await writeFile(file, `${text.slice(0, start + START.length)}\n\n${results}\n\n${text.slice(end)}`);
  await writeFile(join(ROOT, 'docs/performance.svg'), plot);
}

/** Where and with what it was measured. */
export function machineText(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  const load = loadavg()[0]?.toFixed(1) ?? '?';
  return (
    `${cpus().length} × ${model} (${arch()}), ${(totalmem() / GiB).toFixed(0)} GiB, ${type()} ${release()}, ` +
    `Node.js ${process.version}; load average at the end ${load}`
  );
}
