/** Sentences end here; a paragraph does, too. */
const END = /[.!?](?=\s)|\n[ \t\r]*\n/g;

/** At most `maxChars` UTF-16 units: whole sentences where that keeps half of the room, else whole words and an ellipsis. */
export function shorten(text: string, maxChars: number): string {
  const trimmed = text.trim();
  if (trimmed.length <= maxChars) return trimmed;
  const head = trimmed.slice(0, maxChars + 1);
  const ends = [...head.matchAll(END)].map(({ 0: end, index }) => index + end.length);
  const sentenceEnd = ends.findLast((end) => end <= maxChars);
  if (sentenceEnd !== undefined && sentenceEnd >= maxChars / 2) return head.slice(0, sentenceEnd).trim();
  const room = head.slice(0, maxChars - 1);
  const wordEnd = lastSpace(room);
  const kept = wordEnd >= maxChars / 2 ? room.slice(0, wordEnd).trimEnd() : room;
  // Half of a character that takes two units is none.
  return `${kept.replace(/[\uD800-\uDBFF]$/, '')}…`;
}

function lastSpace(text: string): number {
  let index = text.length - 1;
  while (index >= 0 && text.charAt(index).trim() !== '') index -= 1;
  return index;
}
