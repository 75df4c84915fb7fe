const COMMENT_OR_STRING = /"(?:[^"\\]|\\[^])*"?|\/\/[^\n\r]*|\/\*[^]*?(?:\*\/|$)/g;

/** JSON with its comments turned to spaces, so that every character keeps its place. */
export function blankComments(text: string): string {
  return text.replace(COMMENT_OR_STRING, (match) =>
    match.startsWith('"') ? match : match.replace(/[^\n\r]/g, ' '),
  );
}

/** Whether `//` and slash-star are comments here: in YAML they are text, as in the scalar of a URL. */
export function isJsonFile(file: string, text: string): boolean {
  if (/\.jsonc?$/i.test(file)) return true;
  return /^\uFEFF?\s*(?:\{|\/\/|\/\*)/.test(text) && /"mcpServers"\s*:/.test(text);
}
