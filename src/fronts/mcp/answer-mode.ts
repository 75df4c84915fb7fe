import { accepts } from '../../http/media-type.ts';

/** How an answer may come: as the client's Accept allows. Absent, or both, is a free choice. */
export type AnswerMode = 'either' | 'json' | 'sse';

/** What nearly every client sends. */
const BOTH = 'application/json, text/event-stream';

/** Undefined when the client takes neither. Pure. */
export function decideAnswerMode(accept: string | undefined): AnswerMode | undefined {
  if (accept === undefined || accept === BOTH) return 'either';
  const json = accepts(accept, 'application/json');
  const sse = accepts(accept, 'text/event-stream');
  if (json && sse) return 'either';
  if (json) return 'json';
  return sse ? 'sse' : undefined;
}
