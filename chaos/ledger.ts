/** What happened in a run. */
export class Ledger {
  /** By front, then by outcome. */
  readonly calls = new Map<string, Map<string, number>>();
  /** By kind. */
  readonly faults = new Map<string, number>();
  readonly violations: string[] = [];
  /** Nonces that came back to their asker. */
  heard = 0;
  #unlisted = 0;

  call(front: string, outcome: string): void {
    const outcomes = this.calls.get(front) ?? new Map<string, number>();
    this.calls.set(front, outcomes);
    count(outcomes, outcome);
  }

  fault(kind: string): void {
    count(this.faults, kind);
  }

  /** A broken promise, as a sentence. */
  violate(sentence: string): void {
    if (this.violations.length < MAX_LISTED) this.violations.push(sentence);
    else this.#unlisted += 1;
  }

  get unlisted(): number {
    return this.#unlisted;
  }
}

/** One fault can break a promise thousands of times. */
const MAX_LISTED = 50;

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
