/** Remembers who passed a slow check. Only who passed: a wrong secret costs its sender the check every time. */
import type { Clock } from '../util/clock.ts';
import type { Principal } from './principal.ts';

export interface VerdictCache {
  get(key: string): Principal | undefined;
  put(key: string, principal: Principal): void;
}

export function createVerdictCache(
  limits: { readonly ttlMs: number; readonly entries: number },
  clock: Clock,
): VerdictCache {
  /** In the order of their making, which is the order in which they expire. */
  const verdicts = new Map<string, { readonly principal: Principal; readonly expiresMs: number }>();
  return {
    get(key) {
      const verdict = verdicts.get(key);
      if (verdict === undefined) return undefined;
      if (clock.now() < verdict.expiresMs) return verdict.principal;
      verdicts.delete(key);
      return undefined;
    },
    put(key, principal) {
      verdicts.delete(key);
      const [oldest] = verdicts.keys();
      if (oldest !== undefined && verdicts.size >= limits.entries) verdicts.delete(oldest);
      verdicts.set(key, { principal, expiresMs: clock.now() + limits.ttlMs });
    },
  };
}
