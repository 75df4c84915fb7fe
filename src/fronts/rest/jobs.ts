/** Calls that go on when their HTTP request has been answered; each belongs to who made it, on one server. */
import type { Principal } from '../../auth/principal.ts';
import { GatewayError } from '../../errors.ts';
import { Patience } from '../../util/patience.ts';
import type { Outcome } from './outcome.ts';
import type { Represent } from './represent.ts';
import type { Run } from './run.ts';

export interface JobLimits {
  /** Jobs of one principal, running or kept. */
  readonly jobsPerPrincipal: number;
  /** Bytes of results kept for one principal. */
  readonly jobBytesPerPrincipal: number;
  /** How long an outcome is kept that nobody fetches, in milliseconds. */
  readonly jobKeepMs: number;
}

export interface JobOwner {
  readonly principal: Principal;
  readonly server: string;
}

export class Job {
  readonly id: string;
  readonly owner: JobOwner;
  readonly represent: Represent;
  /** JSON text of what the server last said of how far it is. */
  progress: string | undefined;
  #run: Run | undefined;
  #outcome: Outcome | undefined;
  /** For its being forgotten. */
  stopWaiting: (() => void) | undefined;

  constructor(id: string, owner: JobOwner, represent: Represent) {
    this.id = id;
    this.owner = owner;
    this.represent = represent;
  }

  runs(run: Run): void {
    this.#run = run;
  }

  /** Undefined while it runs. */
  get outcome(): Outcome | undefined {
    return this.#outcome;
  }

  /** What is kept must not keep alive what it ran on. */
  finish(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#run = undefined;
    this.progress = undefined;
  }

  /** Of what is kept. */
  get bytes(): number {
    if (this.outcome?.kind === 'result') return this.outcome.result.length;
    return this.outcome?.kind === 'question' ? this.outcome.answer.length : 0;
  }

  cancel(): void {
    this.#run?.stop(new GatewayError('CALL_CANCELLED'));
  }
}

export class Jobs {
  readonly #limits: () => JobLimits;
  readonly #newId: () => string;
  /** By principal, the oldest first. */
  readonly #jobs = new Map<string, Map<string, Job>>();
  #kept: { readonly ms: number; readonly patience: Patience<Job> } | undefined;

  /** `limits` are those of the moment. */
  constructor(limits: () => JobLimits, newId: () => string) {
    this.#limits = limits;
    this.#newId = newId;
  }

  /**
   * At the limit the oldest outcome that nobody fetched makes room. `start` is called once there is a place.
   * @throws GatewayError JOBS_FULL when all of them are running, and what `start` throws
   */
  begin(owner: JobOwner, represent: Represent, start: (job: Job) => Run): { job: Job; run: Run } {
    this.#makeRoom(owner.principal.id);
    const job = new Job(this.#newId(), owner, represent);
    const run = start(job);
    job.runs(run);
    const own = this.#jobs.get(owner.principal.id) ?? new Map<string, Job>();
    this.#jobs.set(owner.principal.id, own.set(job.id, job));
    void run.outcome.then((outcome) => this.#finish(job, outcome));
    return { job, run };
  }

  /** @throws GatewayError JOB_UNKNOWN, also for a job of somebody else */
  find({ principal, server }: JobOwner, id: string): Job {
    const job = this.#jobs.get(principal.id)?.get(id);
    if (job === undefined || job.owner.server !== server) throw new GatewayError('JOB_UNKNOWN');
    return job;
  }

  /** Cancels it if it still runs. */
  end(job: Job): void {
    job.cancel();
    this.#forget(job);
  }

  /** Ends those of owners who should have none. */
  endOf(shouldEnd: (principal: Principal) => boolean): void {
    for (const own of this.#jobs.values())
      for (const job of own.values()) if (shouldEnd(job.owner.principal)) this.end(job);
  }

  /** Nothing is kept any longer; what runs is ended by whoever ends its session or process. */
  close(): void {
    for (const own of this.#jobs.values()) for (const job of own.values()) this.#forget(job);
  }

  #finish(job: Job, outcome: Outcome): void {
    const own = this.#jobs.get(job.owner.principal.id);
    // Cancelled meanwhile: nobody will ask for it.
    if (own?.get(job.id) !== job) return;
    job.finish(outcome);
    const { jobBytesPerPrincipal: maxBytes } = this.#limits();
    if (job.bytes > maxBytes) job.finish({ kind: 'failed', error: new GatewayError('JOB_TOO_LARGE') });
    this.#keep(job);
    let bytes = [...own.values()].reduce((sum, each) => sum + each.bytes, 0);
    for (const each of own.values()) {
      if (bytes <= maxBytes) return;
      if (each === job || each.outcome === undefined) continue;
      bytes -= each.bytes;
      this.#forget(each);
    }
  }

  /** Those that wait already do so for as long as they were to. */
  #keep(job: Job): void {
    const patience = this.#patience(this.#limits().jobKeepMs);
    const wait = patience.add(job);
    job.stopWaiting = () => patience.remove(wait);
  }

  /** Apart from its use: functions that are made together keep alive what any of them needs. */
  #patience(ms: number): Patience<Job> {
    if (this.#kept?.ms !== ms)
      this.#kept = { ms, patience: new Patience<Job>(ms, (late) => this.#forget(late)) };
    return this.#kept.patience;
  }

  #makeRoom(principal: string): void {
    const own = this.#jobs.get(principal);
    if (own === undefined || own.size < this.#limits().jobsPerPrincipal) return;
    const oldest = [...own.values()].find(({ outcome }) => outcome !== undefined);
    if (oldest === undefined) throw new GatewayError('JOBS_FULL');
    this.#forget(oldest);
  }

  #forget(job: Job): void {
    job.stopWaiting?.();
    const { id } = job.owner.principal;
    const own = this.#jobs.get(id);
    own?.delete(job.id);
    if (own?.size === 0) this.#jobs.delete(id);
  }
}
