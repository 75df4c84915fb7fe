/** JSON strings in proven JSON, compared and decoded. */
import type { Span } from './span.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;

/** The decoded string, or undefined when the value is not a string. Lone surrogates stay what they are in JSON.parse. */
export function stringAt(bytes: Buffer, span: Span): string | undefined {
  if (bytes[span.start] !== QUOTE) return undefined;
  const last = span.end - 1;
  let text = '';
  let from = span.start + 1;
  for (let pos = from; pos < last; ) {
    if (bytes[pos] !== BACKSLASH) {
      pos++;
      continue;
    }
    text += bytes.toString('utf8', from, pos) + String.fromCharCode(escapedUnit(bytes, pos));
    pos += escapeLength(bytes, pos);
    from = pos;
  }
  return text + bytes.toString('utf8', from, last);
}

/** Whether the string from `start` to `end`, quotes included, decodes to `text`. Allocates nothing for ASCII. */
export function stringIs(bytes: Buffer, start: number, end: number, text: string): boolean {
  const last = end - 1;
  let pos = start + 1;
  for (let i = 0; i < text.length; i++) {
    if (pos >= last) return false;
    let unit = bytes[pos] as number;
    if (unit >= 0x80) return stringAt(bytes, { start, end }) === text;
    if (unit === BACKSLASH) {
      unit = escapedUnit(bytes, pos);
      pos += escapeLength(bytes, pos);
    } else pos++;
    if (unit !== text.charCodeAt(i)) return false;
  }
  return pos === last;
}

function escapeLength(bytes: Buffer, backslash: number): number {
  return bytes[backslash + 1] === LOWER_U ? 6 : 2;
}

const CONTROLS: ReadonlyMap<number | undefined, number> = new Map([
  [0x62, 0x08],
  [0x66, 0x0c],
  [0x6e, 0x0a],
  [0x72, 0x0d],
  [0x74, 0x09],
]);

/** The UTF-16 unit that the escape at `backslash` stands for. */
function escapedUnit(bytes: Buffer, backslash: number): number {
  const kind = bytes[backslash + 1] as number;
  if (kind !== LOWER_U) return CONTROLS.get(kind) ?? kind;
  let unit = 0;
  for (let pos = backslash + 2; pos < backslash + 6; pos++) {
    const digit = bytes[pos] as number;
    unit = unit * 16 + (digit & 0xf) + (digit >> 6) * 9; // the letters begin at xx00_0001 in ASCII
  }
  return unit;
}
