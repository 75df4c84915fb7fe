/**
 * Holds arguments against the schemas of tools, in a thread of its own: schemas come from servers, and one that takes
 * too long, by its patterns or otherwise, is ended together with the thread. Plain JavaScript, since threads of a program
 * that runs from its sources would not find it otherwise. Nothing is ever fetched: a reference that leads outside of
 * its schema makes that schema unusable.
 */
import { parentPort } from 'node:worker_threads';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';

/** Faults told of one call: a failed `anyOf` has some for each of its branches. */
const MAX_FAULTS = 20;
const MAX_CHARS = 500;
const DRAFT_7 = /^https?:\/\/json-schema\.org\/draft-0[67]\/schema#?$/;
const DRAFT_2020 = /^https:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/;

/** `ownProperties`: every object has a `constructor` otherwise. */
const QUIET = { strict: false, validateFormats: false, logger: false, ownProperties: true };
/** Tell whether a schema is one; making them is slow. */
const judges = new Map([
  [Ajv, new Ajv(QUIET)],
  [Ajv2020, new Ajv2020(QUIET)],
]);
/** By the key under which a schema was first sent; undefined for one that cannot be used. */
const compiled = new Map();

parentPort.on('message', ({ key, schema, forget, args }) => {
  if (forget !== undefined) compiled.delete(forget);
  if (schema !== undefined) compiled.set(key, compile(schema));
  parentPort.postMessage(faultsOf(compiled.get(key), args));
});
parentPort.postMessage('ready');

function compile(text) {
  try {
    const schema = JSON.parse(text);
    const Dialect = dialectOf(schema);
    if (Dialect === undefined || judges.get(Dialect).validateSchema(schema) !== true) return undefined;
    // Of its own for each schema, so that the names in one mean nothing in another.
    const options = { ...QUIET, allErrors: false, inlineRefs: false, validateSchema: false, meta: false };
    return new Dialect(options).compile(schema);
  } catch {
    return undefined;
  }
}

/** Without `$schema` it is 2020-12 (2025-11-25 basic, JSON Schema usage). */
function dialectOf({ $schema }) {
  if ($schema === undefined || DRAFT_2020.test($schema)) return Ajv2020;
  return DRAFT_7.test($schema) ? Ajv : undefined;
}

function faultsOf(validate, args) {
  try {
    if (validate === undefined || validate(JSON.parse(args)) === true) return [];
    return validate.errors.slice(0, MAX_FAULTS).map((error) => ({
      pointer: pointerOf(error).slice(0, MAX_CHARS),
      detail: String(error.message).slice(0, MAX_CHARS),
    }));
  } catch {
    // Endless recursion, among others.
    return [];
  }
}

/** Leads to what is wrong, also where that is a member that is missing or should not be there (RFC 6901). */
function pointerOf({ instancePath, params }) {
  const member =
    params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty ?? params.propertyName;
  if (member === undefined) return instancePath;
  return `${instancePath}/${String(member).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
