/**
 * Which eras a server was found to speak. Two independent facts, each tested when it is first needed: what a server
 * lists as its versions does not tell whether it also takes a handshake.
 */
import type { ServerSpec } from '../instance/spec.ts';

export type Known = 'yes' | 'no' | 'unknown';

/** A server that was found to be legacy is asked again after a day: it may have been updated under the same name. */
const LEGACY_VERDICT_MS = 24 * 3_600_000;

interface Verdict {
  modern: Known;
  legacy: Known;
  modernAtMs: number;
  /** It exits when it is asked server/discover, and is never asked again. */
  crashesOnProbe: boolean;
}

export class Verdicts {
  readonly #verdicts = new Map<string, Verdict>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  speaksModern(spec: ServerSpec): Known {
    if (spec.era !== 'auto') return spec.era === 'modern' ? 'yes' : 'no';
    const verdict = this.#of(spec);
    if (verdict.crashesOnProbe) return 'no';
    if (verdict.modern === 'no' && this.#now() - verdict.modernAtMs > LEGACY_VERDICT_MS)
      verdict.modern = 'unknown';
    return verdict.modern;
  }

  speaksLegacy(spec: ServerSpec): Known {
    if (spec.era !== 'auto') return spec.era === 'legacy' ? 'yes' : 'no';
    return this.#of(spec).legacy;
  }

  learnModern(spec: ServerSpec, speaks: boolean): void {
    const verdict = this.#of(spec);
    verdict.modern = speaks ? 'yes' : 'no';
    verdict.modernAtMs = this.#now();
  }

  learnLegacy(spec: ServerSpec, speaks: boolean): void {
    this.#of(spec).legacy = speaks ? 'yes' : 'no';
  }

  learnCrashOnProbe(spec: ServerSpec): void {
    this.#of(spec).crashesOnProbe = true;
  }

  #of(spec: ServerSpec): Verdict {
    const key = JSON.stringify([spec.command, spec.args, spec.cwd, spec.env]);
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const fresh: Verdict = { modern: 'unknown', legacy: 'unknown', modernAtMs: 0, crashesOnProbe: false };
    this.#verdicts.set(key, fresh);
    return fresh;
  }
}
