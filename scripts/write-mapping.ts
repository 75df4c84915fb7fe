/** Writes docs/rest-mapping.md from the tables of the REST front; with --check only tells whether it is up to date (exit code 1 if not). */
import { readFileSync, writeFileSync } from 'node:fs';
import { ERRORS } from '../src/errors.ts';
import { ANSWERS, SERVER_ERRORS } from '../src/fronts/rest/mapping.ts';

const target = new URL('../docs/rest-mapping.md', import.meta.url);
const answers = Object.values(ANSWERS).map(({ when, wanted, status, body }) => [
  when,
  wanted,
  String(status),
  body,
]);
const errors = SERVER_ERRORS.map(({ rpc, target: of, listed, code }) => [
  rpc === undefined ? 'any other' : rpc.join(', '),
  `${of === undefined ? 'anything' : `a ${of}`}${listed === false ? ' that it does not list' : ''}`,
  String(ERRORS[code].status),
  `\`${code}\``,
  `\`urn:mcp-gateway:${ERRORS[code].reason}\``,
]);
const text = `# How answers of servers become answers over HTTP

Made from \`src/fronts/rest/mapping.ts\` by \`npm run mapping\`. What the gateway itself refuses is in [errors.md](errors.md).

## Results

${toTable(['what came of a call', 'asked for with', 'status', 'body'], answers)}

## Errors of a server

The first row that fits decides. The answer is a problem document with the server's own words as \`detail\` and its own error, as it came, as \`error\`.

${toTable(['JSON-RPC code', 'when asked for', 'status', '`code`', '`type`'], errors)}
`;

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('docs/rest-mapping.md differs from src/fronts/rest/mapping.ts; run npm run mapping\n');
  process.exitCode = 1;
}

/** Padded as the formatter writes tables. */
function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const toLine = (cells: readonly string[], fill: string): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`;
  return [
    toLine(head, ' '),
    toLine(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => toLine(row, ' ')),
  ].join('\n');
}
