/** The document as text. */
import { stringify } from 'yaml';
import type { OpenApiDocument } from './openapi-document.ts';

export type DocumentFormat = 'json' | 'yaml';

export function toText(document: OpenApiDocument, format: DocumentFormat): string {
  if (format === 'json') return `${JSON.stringify(document, null, 2)}\n`;
  // Without anchors, which few readers of OpenAPI follow.
  return stringify(document, { aliasDuplicateObjects: false, lineWidth: 0 });
}
