/** Secrets at rest: `scrypt$N$r$p$salt$hash`, salt and hash in base64. */
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { decodeBase64 } from './base64.ts';

export interface SecretHash {
  readonly cost: ScryptCost;
  readonly salt: Buffer;
  readonly hash: Buffer;
}

/** RFC 7914's N, r and p. Memory is 128 * N * r bytes, time grows with N * r * p. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and about 80 ms. */
const DEFAULT_COST: ScryptCost = { N: 2 ** 15, r: 8, p: 1 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Below this a stolen hash is no protection. */
const MIN_N = 2 ** 12;
/** 128 MiB: OWASP's largest recommendation; a few run at once. */
const MAX_N_TIMES_R = 2 ** 20;
/** The same work, or twice it where OWASP trades memory for p. */
const MAX_N_TIMES_R_TIMES_P = 2 ** 21;
/** A ceiling for Node's own check, above what the limits let through. */
const MAX_MEMORY_BYTES = 192 * 2 ** 20;
/** Longer than every accepted text: a hash of 64 bytes, a salt of 64 and the numbers. */
const MAX_ENCODED_LENGTH = 256;

/** The text for `passwordHash` or `tokenHash`; a new salt each time. */
export async function hashSecret(secret: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(secret, salt, DEFAULT_COST, HASH_BYTES);
  const { N, r, p } = DEFAULT_COST;
  return ['scrypt', N, r, p, salt.toString('base64'), hash.toString('base64')].join('$');
}

/** False for a wrong secret and for a text that is no acceptable hash. */
export async function verifySecret(secret: string, encoded: string): Promise<boolean> {
  const parsed = parseSecretHash(encoded);
  return parsed !== undefined && (await verifyParsed(secret, parsed));
}

/** Undefined for anything malformed, too weak, or so costly that checking it could stall the gateway. */
export function parseSecretHash(encoded: string): SecretHash | undefined {
  if (encoded.length > MAX_ENCODED_LENGTH) return undefined;
  const [scheme, n, r, p, saltText, hashText, ...rest] = encoded.split('$');
  if (scheme !== 'scrypt' || saltText === undefined || hashText === undefined || rest.length > 0)
    return undefined;
  const cost = { N: parseCount(n), r: parseCount(r), p: parseCount(p) };
  const salt = decodeBase64(saltText);
  const hash = decodeBase64(hashText);
  if (salt === undefined || hash === undefined || !isAcceptable(cost)) return undefined;
  if (salt.length < 8 || salt.length > 64 || hash.length < 16 || hash.length > 64) return undefined;
  return { cost, salt, hash };
}

export async function verifyParsed(secret: string, expected: SecretHash): Promise<boolean> {
  const { cost, hash, salt } = expected;
  return timingSafeEqual(await derive(secret, salt, cost, hash.length), hash);
}

/** A hash that no secret is known for, as costly to check as a real one. */
export function createDecoyHash(cost: ScryptCost): SecretHash {
  return { cost, salt: randomBytes(SALT_BYTES), hash: randomBytes(HASH_BYTES) };
}

function parseCount(text: string | undefined): number {
  return text !== undefined && /^[1-9][0-9]{0,7}$/.test(text) ? Number(text) : 0;
}

function isAcceptable({ N, r, p }: ScryptCost): boolean {
  const isPowerOfTwo = (N & (N - 1)) === 0;
  // RFC 7914 section 6: N must be less than 2 ^ (128 * r / 8).
  if (N < MIN_N || r < 1 || p < 1 || !isPowerOfTwo || N >= 2 ** (16 * r)) return false;
  return N * r <= MAX_N_TIMES_R && N * r * p <= MAX_N_TIMES_R_TIMES_P;
}

function derive(secret: string, salt: Buffer, cost: ScryptCost, length: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(secret, salt, length, { ...cost, maxmem: MAX_MEMORY_BYTES }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}
