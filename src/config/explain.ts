import * as z from 'zod';
import { LEADING_ZERO } from './coerce.ts';
import { nearest } from './did-you-mean.ts';
import type { Path } from './issues.ts';
import { keyNotYet } from './not-yet.ts';
import type { Problem } from './report.ts';
import { asMapping } from './schema-fields.ts';
import { knownKeys, schemaAt, unwrap } from './schema-walk.ts';
import type { ScalarInfo } from './tree.ts';

type ZodIssue = z.core.$ZodIssue;

export interface Finding extends Problem {
  readonly path: Path;
  readonly at: 'key' | 'value';
}

/** What was validated, for sentences that depend on it. */
export interface Subject {
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
  scalarAt(path: Path): ScalarInfo | undefined;
}

/** One zod issue in our words: none when another finding says it already, several for several unknown keys. */
export function explain(issue: ZodIssue, subject: Subject, above: Path = []): Finding[] {
  const path: Path = [
    ...above,
    ...issue.path.map((part) => (typeof part === 'number' ? part : String(part))),
  ];
  const found = (problem: Problem, at: 'key' | 'value' = 'value'): Finding[] => [{ path, at, ...problem }];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: [...path, key],
        at: 'key',
        ...unknownKey(path, key, subject),
      }));
    case 'invalid_type':
      return wrongType(path, subject).flatMap((problem) => found(problem));
    case 'invalid_value':
      return found(wrongValue(path, issue.values.map(String), subject));
    case 'too_small':
    case 'too_big':
      return found(wrongSize(issue, schemaAt(subject.schema, path)));
    case 'invalid_union':
      return (
        wrongUnion(issue, path, subject) ?? wrongType(path, subject).flatMap((problem) => found(problem))
      );
    case 'custom': {
      const { hint, at } = asMapping(issue.params) ?? {};
      const problem = { what: issue.message, hint: typeof hint === 'string' ? hint : undefined };
      return found(problem, at === 'key' ? 'key' : 'value');
    }
    default:
      return found({ what: 'this is not valid here' });
  }
}

function unknownKey(path: Path, key: string, subject: Subject): Problem {
  const notYet = keyNotYet([...path, key]);
  if (notYet !== undefined) return notYet;
  if (path.length === 0 && key === 'mcpServers') {
    return { what: 'mcpServers and servers cannot stand in one file', hint: 'move the entries to servers' };
  }
  const schema = schemaAt(subject.schema, path);
  const known = schema === undefined ? [] : knownKeys(schema);
  const meant = nearest(key, known);
  return {
    what: 'unknown key',
    hint: meant === undefined ? `the keys here are ${known.join(', ')}` : `did you mean "${meant}"?`,
  };
}

function wrongType(path: Path, subject: Subject): Problem[] {
  const schema = schemaAt(subject.schema, path);
  const value = valueAt(subject.value, path);
  const inner = schema === undefined ? undefined : unwrap(schema);
  if (value === undefined) {
    if (isToldOtherwise(path, subject)) return [];
    return [{ what: 'this key is missing', hint: inner && descriptionOf(schema) }];
  }
  const what = `expected ${inner === undefined ? 'something else' : wanted(inner)}, got ${nameOf(value)}`;
  return [{ what, hint: typeHint(inner, value, subject.scalarAt(path)) }];
}

/** Whether a missing key is there misspelt, or is the `command` of a server that has a `url`: they have findings. */
function isToldOtherwise(path: Path, subject: Subject): boolean {
  const parent = path.slice(0, -1);
  const key = path.at(-1);
  const written = Object.keys(asMapping(valueAt(subject.value, parent)) ?? {});
  if (key === 'command' && written.includes('url')) return true;
  const schema = schemaAt(subject.schema, parent);
  const known = schema === undefined ? [] : knownKeys(schema);
  return written.some((other) => !known.includes(other) && nearest(other, known) === key);
}

function descriptionOf(schema: z.core.$ZodType | undefined): string | undefined {
  const text = schema instanceof z.ZodType ? schema.description : undefined;
  return text?.replace(/\.$/, '');
}

function typeHint(schema: unknown, value: unknown, scalar: ScalarInfo | undefined): string | undefined {
  if (value === null) return 'give it a value, or remove the key';
  const isText = typeof value === 'string';
  if (schema instanceof z.ZodNumber && isText && scalar !== undefined) {
    if (scalar.pieces.length > 0) return 'the substituted text is not a whole number';
    if (LEADING_ZERO.test(scalar.source)) return 'write it without leading zeros';
    return /^\d+$/.test(value) ? 'remove the quotes' : undefined;
  }
  if (schema instanceof z.ZodBoolean && isText && scalar !== undefined) {
    if (scalar.pieces.length > 0) return 'the substituted text is neither true nor false';
    if (/^(?:true|yes|on|y)$/i.test(value))
      return 'YAML 1.2 has only true and false; write true without quotes';
    if (/^(?:false|no|off|n)$/i.test(value))
      return 'YAML 1.2 has only true and false; write false without quotes';
  }
  const isPlain = typeof value === 'number' || typeof value === 'boolean';
  if (schema instanceof z.ZodString && isPlain) return 'put it in quotes';
  if (schema instanceof z.ZodArray && (isText || isPlain))
    return 'write [value], or one "- value" on each line';
  return undefined;
}

function wrongValue(path: Path, values: readonly string[], subject: Subject): Problem {
  const value = valueAt(subject.value, path);
  if (typeof value !== 'string') return { what: `expected ${oneOf(values)}, got ${nameOf(value)}` };
  const meant = nearest(value, values);
  return {
    what: `expected ${oneOf(values)}`,
    hint: meant === undefined ? undefined : `did you mean "${meant}"?`,
  };
}

function wrongSize(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, schema: unknown): Problem {
  if (issue.origin === 'string' || issue.origin === 'array') {
    const unit = issue.origin === 'string' ? 'characters' : 'entries';
    if (issue.code === 'too_big') return { what: `must have at most ${issue.maximum} ${unit}` };
    return {
      what: issue.minimum === 1 ? 'must not be empty' : `must have at least ${issue.minimum} ${unit}`,
    };
  }
  const inner = schema instanceof z.ZodType ? unwrap(schema) : undefined;
  return { what: inner === undefined ? 'is out of range' : `expected ${wanted(inner)}` };
}

/** The findings of the one option that the value was meant for; undefined when it fits none even by its type. */
function wrongUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: Path,
  subject: Subject,
): Finding[] | undefined {
  const meant = issue.errors.find(
    (errors) => !errors.some((e) => e.code === 'invalid_type' && e.path.length === 0),
  );
  return meant?.flatMap((error) => explain(error, subject, path));
}

function wanted(schema: z.core.$ZodType): string {
  if (schema instanceof z.ZodString) return 'text';
  if (schema instanceof z.ZodNumber) return `a whole number from ${schema.minValue} to ${schema.maxValue}`;
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodArray) return 'a list';
  if (schema instanceof z.ZodObject || schema instanceof z.ZodRecord) return 'a mapping';
  if (schema instanceof z.ZodEnum) return oneOf(schema.options.map(String));
  if (schema instanceof z.ZodPipe) return wanted(schema.in);
  if (!(schema instanceof z.ZodUnion)) return 'another value';
  const options = schema.options.map((option) => wanted(unwrap(option)));
  return options.includes('true or false') ? 'text' : options.join(' or ');
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? String(values[0]) : `one of ${values.join(', ')}`;
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 'text';
  if (typeof value === 'number') return 'a number';
  return typeof value === 'boolean' ? 'true or false' : 'a mapping';
}

function valueAt(value: unknown, path: Path): unknown {
  let here = value;
  for (const key of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, key)) return undefined;
    here = (here as Readonly<Record<string | number, unknown>>)[key];
  }
  return here;
}
