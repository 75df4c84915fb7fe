/** The fenced blocks of README.md; a comment `<!-- test: name -->` before a block says that a test runs it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

export interface Block {
  readonly language: string;
  /** Undefined for a block that no test runs. */
  readonly marker: string | undefined;
  readonly text: string;
}

export function readDocument(name: string): string {
  return readFileSync(`${ROOT}/${name}`, 'utf8');
}

export function blocksOf(markdown: string): Block[] {
  const fenced = /(?:<!-- test: (?<marker>[a-z-]+) -->\n\n)?```(?<language>[a-z]+)\n(?<text>[^]*?)\n```\n/g;
  return [...markdown.matchAll(fenced)].map(({ groups }) => ({
    language: groups?.['language'] ?? '',
    marker: groups?.['marker'],
    text: groups?.['text'] ?? '',
  }));
}

/** The text of the one block with that marker, with a real address in place of the documented one. */
export function example(marker: string, url = 'http://localhost:3000'): string {
  const found = blocksOf(readDocument('README.md')).filter((block) => block.marker === marker);
  if (found.length !== 1) throw new Error(`README.md has ${found.length} blocks marked ${marker}`);
  return (found[0]?.text ?? '').replaceAll('http://localhost:3000', url);
}
