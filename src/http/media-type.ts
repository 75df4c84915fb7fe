/** Content-Type and Accept by RFC 9110's grammar; a media type is parsed, never searched for. */

/** Whether a Content-Type names JSON. Parameters may follow and must be well-formed. */
export function isJson(contentType: string | undefined): boolean {
  if (contentType === undefined) return false;
  if (contentType === 'application/json') return true;
  const parsed = parseRange(contentType, 0);
  return parsed?.end === contentType.length && parsed.range === 'application/json';
}

/**
 * Whether an Accept header takes a media type with a weight above zero (RFC 9110 section 12.5.1): the most specific range that
 * matches decides. An absent or blank header takes everything; a malformed element takes nothing. Parameters other than `q`
 * are not compared: clients add a charset and mean the type.
 */
export function accepts(accept: string | undefined, type: string): boolean {
  return rankOf(accept, type) > 0;
}

/**
 * How much an Accept header wants a media type: its weight, and among equal weights a little more the more exactly it
 * is named, so that `application/json, *\/*` prefers JSON. Zero for what it does not take.
 */
export function rankOf(accept: string | undefined, type: string): number {
  if (accept === undefined || accept.trim() === '') return 1;
  const wanted = type.toLowerCase();
  const ranges = parseList(accept);
  const exactness = ['*/*', `${wanted.slice(0, wanted.indexOf('/'))}/*`, wanted];
  for (let exact = exactness.length - 1; exact >= 0; exact -= 1) {
    const weights = ranges.filter(({ range }) => range === exactness[exact]).map(({ weight }) => weight);
    if (weights.length === 0) continue;
    const weight = Math.max(...weights);
    // Weights have three digits.
    return weight === 0 ? 0 : weight + exact / 10_000;
  }
  return 0;
}

/** `type/subtype` of a well-formed media type in lower case, without parameters; undefined for anything else. */
export function essenceOf(type: string): string | undefined {
  const parsed = parseRange(type, 0);
  return parsed?.end === type.length && !parsed.range.includes('*') ? parsed.range : undefined;
}

interface Range {
  /** `type/subtype` in lower case. */
  readonly range: string;
  readonly weight: number;
  /** Behind the last parameter and the blanks that follow it. */
  readonly end: number;
}

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = String.raw`"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"`;
const TYPE = new RegExp(`[ \\t]*(${TOKEN}/${TOKEN})`, 'y');
/** RFC 9110 section 5.6.6: a parameter may be empty, and no blank stands around `=`. */
const PARAMETER = new RegExp(`[ \\t]*;[ \\t]*(?:(${TOKEN})=(${TOKEN}|${QUOTED}))?`, 'y');
const BLANKS = /[ \t]*/y;
/** RFC 9110 section 12.4.2. */
const WEIGHT = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

function parseList(text: string): Range[] {
  const ranges: Range[] = [];
  for (let at = 0; at < text.length; ) {
    const parsed = parseRange(text, at);
    if (parsed !== undefined && (parsed.end === text.length || text[parsed.end] === ',')) {
      ranges.push(parsed);
      at = parsed.end + 1;
    } else {
      const comma = text.indexOf(',', at);
      at = comma === -1 ? text.length : comma + 1;
    }
  }
  return ranges;
}

/** Undefined when there is no media range at `at`, or its weight is none. */
function parseRange(text: string, at: number): Range | undefined {
  const range = matchAt(TYPE, text, at)?.[1]?.toLowerCase();
  if (range === undefined) return undefined;
  let end = TYPE.lastIndex;
  let weight = 1;
  for (
    let parameter = matchAt(PARAMETER, text, end);
    parameter !== null;
    parameter = matchAt(PARAMETER, text, end)
  ) {
    end = PARAMETER.lastIndex;
    const [, name, value = ''] = parameter;
    if (name?.toLowerCase() !== 'q') continue;
    if (!WEIGHT.test(value)) return undefined;
    weight = Number(value);
  }
  matchAt(BLANKS, text, end);
  return { range, weight, end: BLANKS.lastIndex };
}

/** A sticky match; `lastIndex` of the pattern is then behind it. */
function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
