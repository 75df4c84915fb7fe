/** What a caller wishes of a call beyond its result: how long to wait, whether to be called back, what it can answer. Pure. */
import { parsePrefer } from '../../http/prefer.ts';
import { type CapabilityClass, classOf } from '../../relay/capability-class.ts';

export interface Wishes {
  /** What the server may ask of the caller; undefined when nothing. */
  readonly capabilities: CapabilityClass | undefined;
  readonly respondAsync: boolean;
  /** The call is given up, or goes on as a job, after this long. */
  readonly waitMs: number | undefined;
}

/** What a caller can say that it answers, and what its server is told for it. */
const ANSWERABLE: Readonly<Record<string, object>> = {
  elicitation: { elicitation: { form: {}, url: {} } },
  sampling: { sampling: {} },
  roots: { roots: {} },
};
/** Meant by `input-required` alone. Not roots: many servers ask for them with every start. */
const USUALLY = 'elicitation sampling';

const NO_WISHES: Wishes = { capabilities: undefined, respondAsync: false, waitMs: undefined };

/** `inputRequired`: the configuration says that callers can answer, unless they say something else. */
export function decideWishes(prefer: string | string[] | undefined, inputRequired: boolean): Wishes {
  if (prefer === undefined && !inputRequired) return NO_WISHES;
  const preferences = parsePrefer(typeof prefer === 'string' ? prefer : prefer?.join(','));
  const answers = preferences.get('input-required') ?? (inputRequired ? '' : undefined);
  return {
    capabilities: answers === undefined ? undefined : classFor(answers === '' ? USUALLY : answers),
    respondAsync: preferences.has('respond-async'),
    waitMs: secondsOf(preferences.get('wait')),
  };
}

/** The value of Preference-Applied; undefined when nothing was wished for that could be done. */
export function appliedOf({ capabilities, waitMs }: Wishes, isAsync: boolean): string | undefined {
  const applied = [
    ...(isAsync ? ['respond-async'] : []),
    ...(waitMs === undefined ? [] : [`wait=${waitMs / 1000}`]),
    ...(capabilities === undefined ? [] : ['input-required']),
  ];
  return applied.length === 0 ? undefined : applied.join(', ');
}

/** Undefined where none of the names is known: `none` is as good a name for that as any. */
function classFor(names: string): CapabilityClass | undefined {
  const known = names
    .toLowerCase()
    .split(/[\s,]+/)
    .flatMap((name) => (Object.hasOwn(ANSWERABLE, name) ? [ANSWERABLE[name]] : []));
  return known.length === 0 ? undefined : classOf(Object.assign({}, ...known));
}

/** Whole seconds, at least one (RFC 7240 section 4.3). */
function secondsOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,6}$/.test(text) && Number(text) > 0
    ? Number(text) * 1000
    : undefined;
}
