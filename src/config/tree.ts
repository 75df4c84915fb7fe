import { type Alias, isAlias, isMap, isScalar, type ParsedNode, Scalar, type YAMLMap } from 'yaml';
import { type Dialect, type Piece, type Sources, substitute } from './environment.ts';
import type { Path } from './issues.ts';
import type { Problem, Report } from './report.ts';
import { MAX_DEPTH, type YamlDocument } from './yaml-document.ts';

/** Expansions of aliases in one file. */
const MAX_ALIASES = 100;
/** Values after expansion: a file of 1 MiB with 100 aliases of its own size must not fill the memory. */
const MAX_NODES = 200_000;
const CORE_TAG = /^(?:!|tag:yaml\.org,2002:(?:str|int|float|bool|null|map|seq))$/;
const POLLUTING: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** Plain data (objects have no prototype) and, for every path in it, where it stands and how it was written. */
export interface Tree {
  readonly value: unknown;
  /** Offset of the value at `path`, or of its key; of the nearest key above when there is nothing at `path`. */
  offset(path: Path, at: 'key' | 'value'): number;
  scalar(path: Path): ScalarInfo | undefined;
  /** Every scalar that held a substitution, done or failed. Failed ones are left to the caller to report. */
  substitutions(): readonly ScalarInfo[];
  /** Whether something at `path` or above is known to be wrong, so that judging its value would mislead. */
  isBroken(path: Path): boolean;
}

export interface ScalarInfo {
  readonly path: Path;
  /** As written, so that 1.0 can stay 1.0. */
  readonly source: string;
  /** After substitution. */
  readonly text: string;
  readonly pieces: readonly Piece[];
  readonly problems: readonly Problem[];
}

interface Place {
  readonly key: number;
  readonly value: number;
  readonly scalar?: ScalarInfo;
}

interface Reading {
  readonly document: YamlDocument;
  readonly sources: Sources;
  readonly dialect: Dialect;
  readonly report: Report;
  readonly places: Map<string, Place>;
  readonly broken: Set<string>;
  /** The mappings and lists around the node being read. */
  readonly open: Set<ParsedNode>;
  aliases: number;
  nodes: number;
}

/** Reads the document's values; reports what is wrong with its keys and aliases. */
export function readTree(document: YamlDocument, sources: Sources, dialect: Dialect, report: Report): Tree {
  const places = new Map<string, Place>();
  const broken = new Set<string>();
  const limits = { open: new Set<ParsedNode>(), aliases: 0, nodes: 0 };
  const reading: Reading = { document, sources, dialect, report, places, broken, ...limits };
  const value = readNode(document.contents, [], document.range[0], reading);
  return {
    value,
    offset: (path, at) => {
      const exact = places.get(idOf(path));
      if (exact !== undefined) return exact[at];
      for (let length = path.length - 1; length >= 0; length--) {
        const above = places.get(idOf(path.slice(0, length)));
        if (above !== undefined) return above.key;
      }
      return 0;
    },
    scalar: (path) => places.get(idOf(path))?.scalar,
    substitutions: () =>
      [...places.values()].flatMap(({ scalar }) =>
        scalar !== undefined && scalar.pieces.length + scalar.problems.length > 0 ? [scalar] : [],
      ),
    isBroken: (path) =>
      broken.size > 0 && [...path.keys()].some((last) => broken.has(idOf(path.slice(0, last + 1)))),
  };
}

function readNode(node: ParsedNode | null, path: Path, key: number, reading: Reading): unknown {
  const value = node?.range[0] ?? key;
  reading.places.set(idOf(path), { key, value });
  if (++reading.nodes > MAX_NODES) {
    if (reading.nodes === MAX_NODES + 1)
      return refuse(value, path, { what: 'the file holds too many values' }, reading);
    return undefined;
  }
  if (path.length > MAX_DEPTH) {
    return refuse(
      value,
      path,
      { what: `nested more than ${MAX_DEPTH} levels deep through aliases` },
      reading,
    );
  }
  if (isAlias(node)) return readAlias(node, value, path, key, reading);
  // The report of the document has the tag; what it was meant to make of the value is unknown.
  if (node?.tag !== undefined && !CORE_TAG.test(node.tag)) reading.broken.add(idOf(path));
  if (isScalar(node)) return readScalar(node, path, { key, value }, reading);
  if (node === null) return null;
  reading.open.add(node);
  const result = isMap(node)
    ? readMap(node, path, reading)
    : node.items.map((item, index) => readNode(item, [...path, index], item.range[0], reading));
  reading.open.delete(node);
  return result;
}

function refuse(offset: number, path: Path, problem: Problem, reading: Reading): undefined {
  reading.broken.add(idOf(path));
  reading.report.error(offset, path, problem);
}

function readAlias(node: Alias, offset: number, path: Path, key: number, reading: Reading): unknown {
  const target = node.resolve(reading.document) as ParsedNode | undefined;
  const hint = 'put a value that starts with * in quotes';
  if (target === undefined)
    return refuse(offset, path, { what: 'this alias has no anchor above it', hint }, reading);
  if (reading.open.has(target)) return refuse(offset, path, { what: 'this alias contains itself' }, reading);
  if (++reading.aliases > MAX_ALIASES) {
    return refuse(
      offset,
      path,
      { what: `more than ${MAX_ALIASES} aliases`, hint: 'write the values out' },
      reading,
    );
  }
  return readNode(target, path, key, reading);
}

function readMap(map: YAMLMap.Parsed, path: Path, reading: Reading): Record<string, unknown> {
  const result = Object.create(null) as Record<string, unknown>;
  for (const { key: node, value } of map.items) {
    const offset = node.range[0];
    const key = keyText(node);
    if (key === undefined) {
      reading.report.error(offset, path, { what: 'a key must be plain text', hint: 'put it in quotes' });
      continue;
    }
    const here = [...path, key];
    const problem = Object.hasOwn(result, key) ? repeated(here, reading) : keyProblem(key, node);
    if (problem === undefined) result[key] = readNode(value, here, offset, reading);
    else reading.report.error(offset, here, problem);
  }
  return result;
}

function keyText(node: ParsedNode): string | undefined {
  if (!isScalar(node) || node.value === null) return undefined;
  return typeof node.value === 'string' ? node.value : node.source;
}

function repeated(path: Path, { places, report }: Reading): Problem {
  const first = places.get(idOf(path))?.key ?? 0;
  return { what: 'this key stands twice', hint: `the first is at ${report.place(first)}` };
}

function keyProblem(key: string, node: ParsedNode): Problem | undefined {
  if (POLLUTING.has(key)) return { what: 'this key is not allowed', hint: 'choose another name' };
  if (key === '<<' && isScalar(node) && node.type === Scalar.PLAIN) {
    return {
      what: 'merge keys are not supported',
      hint: 'write the values out, or use an alias for a whole value',
    };
  }
  return undefined;
}

function readScalar(node: Scalar.Parsed, path: Path, place: Place, reading: Reading): unknown {
  const { value, source } = node;
  if (typeof value !== 'string') {
    const scalar = { path, source, text: source, pieces: [], problems: [] };
    reading.places.set(idOf(path), { ...place, scalar });
    return value;
  }
  const scalar = { path, source, ...substitute(value, reading.sources, reading.dialect) };
  reading.places.set(idOf(path), { ...place, scalar });
  if (scalar.problems.length > 0) reading.broken.add(idOf(path));
  return scalar.text;
}

function idOf(path: Path): string {
  return JSON.stringify(path.map(String));
}
