import type { ReportEntry } from '../fronts/rest/openapi-document.ts';
import { printable } from '../telemetry/redact.ts';

const KINDS = { problem: 'problem', 'left-out': 'left out', changed: 'changed' } as const;

/** One entry of the report on a document as one line. Names and quoted words are those of servers. */
export function reportLine({ kind, server, tool, what }: ReportEntry): string {
  const where =
    server === undefined
      ? ''
      : tool === undefined
        ? `${server}: `
        : `${server}, tool ${JSON.stringify(tool)}: `;
  return printable(`${KINDS[kind]}: ${where}${what}`);
}

/** The same for the log, where a level says how bad it is. */
export function reportSentence({ kind, server, tool, what }: ReportEntry): string {
  const leftOut = kind === 'left-out' ? ' is left out' : '';
  if (server === undefined) return what;
  if (tool === undefined) return `Server ${server}${leftOut}: ${what}`;
  return `${server}, tool ${JSON.stringify(tool)}${leftOut}: ${what}`;
}
