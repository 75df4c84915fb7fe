/** Finding out in place which era a fresh process speaks (2026-07-28 stdio and versioning). */
import { GatewayError } from '../errors.ts';
import { ask, bodyOf } from '../instance/ask.ts';
import { shakeHands } from '../instance/handshake.ts';
import type { Instance } from '../instance/instance.ts';
import type { Lease } from '../instance/pool/pool.ts';
import { envelope } from '../protocol/envelope.ts';
import { isModernVersion, MODERN_VERSION } from '../protocol/era.ts';
import type { Frame } from '../protocol/frame.ts';

/** What an answer to server/discover says. */
export type ProbeVerdict = 'modern' | 'legacy' | 'again' | 'unsupported';

/** Judges an answer to server/discover. Pure. */
function judgeProbe(answer: Frame): ProbeVerdict {
  const body = asObject(bodyOf(answer));
  if (answer.kind === 'error') {
    const listed = stringsOf(asObject(body['data'])['supported']);
    if (body['code'] !== -32022 || listed === undefined) return 'legacy';
    if (listed.includes(MODERN_VERSION)) return 'again';
    return listed.length > 0 && listed.every(isModernVersion) ? 'unsupported' : 'legacy';
  }
  return stringsOf(body['supportedVersions'])?.includes(MODERN_VERSION) === true ? 'modern' : 'legacy';
}

export interface ProbeOptions {
  readonly clientInfo: object;
  /** What a handshake declares, should the server want one. */
  readonly capabilities: object;
  /** The revision that it asks for. */
  readonly version: string;
}

/** A process that ends when it is probed; it deserves a second one that is not. */
export class ProbeCrash extends Error {
  override readonly name = 'ProbeCrash';
}

/** A modern process that was slow to say so and took the handshake too, which pins it to the other era. */
export class PinnedToLegacy extends Error {
  override readonly name = 'PinnedToLegacy';
}

/**
 * Resolves with the era that the process is used in from now on. Silence is no answer: after `probeTimeoutMs` the
 * handshake is tried on the same pipe, and whichever is answered first decides.
 * @throws ProbeCrash, PinnedToLegacy, or the GatewayError that the handshake failed with
 */
export async function openEitherEra(
  instance: Instance,
  lease: Lease,
  options: ProbeOptions,
): Promise<'modern' | 'legacy'> {
  const discovered = discover(lease, options, 1);
  const first = await within(
    instance.spec.probeTimeoutMs,
    discovered.catch((cause: unknown) => cause),
  );
  if (first === 'legacy') return shake(lease, options);
  if (first === 'unsupported') throw unsupported();
  if (first === 'silence') return openSilent(instance, lease, options, discovered);
  if (isDescription(first)) return becomeModern(instance, first);
  throw isExit(first) ? new ProbeCrash() : first;
}

/** The process may only be starting: the late answer to the probe counts as much as that to the handshake. */
async function openSilent(
  instance: Instance,
  lease: Lease,
  options: ProbeOptions,
  discovered: Promise<Discovered>,
): Promise<'modern' | 'legacy'> {
  const shaken = shake(lease, options);
  const first = await Promise.any([discovered.then(mustBeModern), shaken]).catch(
    async (cause: AggregateError) => {
      const answer = await discovered.catch((why: unknown) => why);
      // It may have started late, and ended when it came to the probe.
      throw isExit(answer) ? new ProbeCrash() : cause.errors[1];
    },
  );
  if (first === 'legacy') return 'legacy';
  const refused = shaken.catch(() => 'refused');
  if ((await within(instance.spec.probeTimeoutMs, refused)) === 'legacy') throw new PinnedToLegacy();
  return becomeModern(instance, first);
}

/** The handshake alone, for servers that are known to speak nothing else. */
export async function openLegacy(lease: Lease, options: ProbeOptions): Promise<'legacy'> {
  return shake(lease, options);
}

/** Discovery alone. @throws GatewayError START_FAILED when the server is not modern after all */
export async function openModern(instance: Instance, lease: Lease, options: ProbeOptions): Promise<'modern'> {
  const discovered = await within(instance.spec.startTimeoutMs, discover(lease, options, 1));
  if (discovered === 'silence') throw new GatewayError('START_TIMEOUT');
  return becomeModern(instance, mustBeModern(discovered));
}

/** What a modern server says of itself; `legacy` when the answer is none, `unsupported` when it knows only versions we do not. */
type Discovered = Frame | 'legacy' | 'unsupported';

async function discover(lease: Lease, options: ProbeOptions, retries: number): Promise<Discovered> {
  const answer = await ask(lease, 'server/discover', {
    _meta: envelope(options.clientInfo, options.capabilities),
  });
  const verdict = judgeProbe(answer);
  if (verdict === 'modern') return answer;
  if (verdict === 'again' && retries > 0) return discover(lease, options, retries - 1);
  return verdict === 'legacy' ? 'legacy' : 'unsupported';
}

async function shake(lease: Lease, { clientInfo, capabilities, version }: ProbeOptions): Promise<'legacy'> {
  await shakeHands(lease, clientInfo, capabilities, version);
  return 'legacy';
}

function mustBeModern(discovered: Discovered): Frame {
  if (discovered === 'legacy')
    throw new GatewayError('START_FAILED', 'It does not speak the 2026-07-28 revision.');
  if (discovered === 'unsupported') throw unsupported();
  return discovered;
}

function unsupported(): GatewayError {
  return new GatewayError('START_FAILED', 'It speaks no protocol version that the gateway knows.');
}

function becomeModern(instance: Instance, description: Frame): 'modern' {
  instance.becomeModern(description, MODERN_VERSION);
  return 'modern';
}

function isDescription(first: unknown): first is Frame {
  return typeof first === 'object' && first !== null && 'bytes' in first;
}

function isExit(cause: unknown): boolean {
  return cause instanceof GatewayError && (cause.code === 'START_FAILED' || cause.code === 'SERVER_EXITED');
}

function within<T>(ms: number, answer: Promise<T>): Promise<T | 'silence'> {
  let timer: NodeJS.Timeout;
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(() => resolve('silence'), ms);
  });
  return Promise.race([answer, silence]).finally(() => clearTimeout(timer));
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}

function stringsOf(value: unknown): readonly string[] | undefined {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;
}
