import type { ReportEntry } from '../fronts/rest/openapi-document.ts';

/** One entry of the report on a document as one line. Names come from servers, so they are quoted. */
export function reportLine({ kind, server, tool, what }: ReportEntry): string {
  const leftOut = kind === 'left-out' ? ' is left out' : '';
  if (server === undefined) return what;
  if (tool === undefined) return `Server ${server}${leftOut}: ${what}`;
  return `${server}, tool ${JSON.stringify(tool)}${leftOut}: ${what}`;
}
