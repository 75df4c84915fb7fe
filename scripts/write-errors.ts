/** Writes docs/errors.md from the table of errors; with --check only tells whether it is up to date (exit code 1 if not). */
import { readFileSync, writeFileSync } from 'node:fs';
import { ERRORS } from '../src/errors.ts';

const INTRODUCTION = `# Errors

Made from \`src/errors.ts\` by \`npm run errors\`.

Every error that the gateway itself tells is one of these. REST answers have the status and a body of
\`application/problem+json\`: \`code\` is the name below, \`type\` is \`urn:mcp-gateway:\` and the reason, \`title\` is the sentence, \`detail\` the
sentence with particulars. MCP clients get a JSON-RPC error with the number, the sentence as \`message\` and the reason as \`data.reason\`, as the
body of the HTTP answer or as the answer to their request. Codes, reasons and statuses are stable; sentences are not.

Errors of a server are passed on to MCP clients as the server wrote them; REST maps them to \`TOOL_UNKNOWN\`, \`INVALID_ARGUMENTS\` or
\`SERVER_ERROR\` and adds them as \`error\`.

`;

const target = new URL('../docs/errors.md', import.meta.url);
const HEAD = ['code', 'status', 'JSON-RPC', 'reason', 'sentence'];
const rows = Object.entries(ERRORS).map(([code, { status, rpc, reason, text: sentence }]) => [
  `\`${code}\``,
  String(status),
  String(rpc),
  `\`${reason}\``,
  sentence.replaceAll('|', '\\|'),
]);
// Padded as the formatter writes tables.
const widths = HEAD.map((head, column) =>
  Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
);
const toLine = (cells: readonly string[], fill: string): string =>
  `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |`;
const table = [
  toLine(HEAD, ' '),
  toLine(
    HEAD.map(() => ''),
    '-',
  ),
  ...rows.map((row) => toLine(row, ' ')),
].join('\n');
const text = `${INTRODUCTION}${table}\n`;

if (!process.argv.includes('--check')) {
  writeFileSync(target, text);
} else if (readFileSync(target, 'utf8') !== text) {
  process.stderr.write('docs/errors.md differs from src/errors.ts; run npm run errors\n');
  process.exitCode = 1;
}
