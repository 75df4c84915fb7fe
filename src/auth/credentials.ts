/** The configured credentials, compiled: plain secrets as keyed digests, hashed ones as checks that take the same time for everyone. */
import { createHash, createHmac, hash, timingSafeEqual } from 'node:crypto';
import { isBearerToken, type Presented } from './authorization-header.ts';
import { createGrants, type Principal, toLabel } from './principal.ts';
import { createDecoyHash, parseSecretHash, type SecretHash } from './secret-hash.ts';

export interface BasicCredential extends Limits {
  /** Without a colon; Basic could not carry one. */
  readonly username: string;
  /** Exactly one of `password` and `passwordHash`, the latter from `hashSecret`. */
  readonly password?: string | undefined;
  readonly passwordHash?: string | undefined;
}

export interface BearerCredential extends Limits {
  readonly name?: string | undefined;
  /** Exactly one of `token` and `tokenHash`, the latter from `hashSecret`. */
  readonly token?: string | undefined;
  readonly tokenHash?: string | undefined;
}

interface Limits {
  /** Patterns of what the credential may touch; absent means everything. */
  readonly servers?: readonly string[] | undefined;
  readonly tools?: readonly string[] | undefined;
}

/** The credentials of one scheme. */
export interface CredentialSet {
  readonly plain: readonly { readonly digest: Buffer; readonly principal: Principal }[];
  /** Every check that must run, all of them, whatever the earlier ones say; empty when no hash is configured. */
  checksFor(presented: Presented): readonly Check[];
  /** Ids of the principals that can be proved; of a hashed token without a name it is not known before it is presented. */
  readonly ids: ReadonlySet<string>;
  /** As principals carry them. */
  readonly credentials: ReadonlySet<string>;
}

export interface Check {
  readonly hash: SecretHash;
  /** Whom a match proves; undefined for a decoy. */
  principal?(secret: string): Principal;
}

/**
 * A digest of what a caller presents, useless outside this process. A user name has no colon, so the text is unambiguous.
 * Not an HMAC, which costs three times as much with every request: the digest never leaves the process, so that a
 * longer text with a known digest, the one thing that a key in front allows, is of no use.
 */
export function digestOf(presented: Presented, key: Buffer): Buffer {
  const text =
    presented.scheme === 'basic'
      ? `basic:${presented.username}:${presented.secret}`
      : `bearer:${presented.secret}`;
  return hash('sha256', key.toString('latin1') + text, 'buffer');
}

/** Throws on a credential that could never match; the configuration refuses those earlier, with their position. */
export function compileBasic(credentials: readonly BasicCredential[], key: Buffer): CredentialSet {
  const plain: { digest: Buffer; principal: Principal }[] = [];
  const hashed: { user: Buffer; check: Check }[] = [];
  const ids = new Set<string>();
  const secrets = new Set<string>();
  const userDigest = (username: string): Buffer =>
    createHmac('sha256', key).update(`user:${username}`).digest();
  for (const [index, credential] of credentials.entries()) {
    const { username, password, passwordHash } = credential;
    const where = `Basic credential ${index + 1}`;
    if (username.includes(':')) throw new Error(`${where}: a user name cannot contain a colon.`);
    const secret = eitherSecret(where, password, passwordHash);
    const name = `basic:${username}`;
    const id = name + grantsKey(credential);
    const digest =
      typeof secret === 'string' ? digestOf({ scheme: 'basic', username, secret }, key) : undefined;
    const principal: Principal = {
      id,
      label: toLabel(name),
      grants: createGrants(credential),
      credential: `${id} ${digest?.toString('base64') ?? passwordHash}`,
    };
    ids.add(id);
    secrets.add(principal.credential);
    if (digest !== undefined) plain.push({ digest, principal });
    else if (typeof secret !== 'string')
      hashed.push({ user: userDigest(username), check: { hash: secret, principal: () => principal } });
  }
  const decoys = decoysFor(hashed);
  return {
    plain,
    ids,
    credentials: secrets,
    checksFor(presented) {
      if (presented.scheme !== 'basic' || hashed.length === 0) return [];
      const user = userDigest(presented.username);
      return padded(
        hashed.filter((entry) => timingSafeEqual(entry.user, user)).map((entry) => entry.check),
        decoys,
      );
    },
  };
}

/** Throws on a credential that could never match. A hashed token costs every unknown token one check: prefer few of them. */
export function compileBearer(credentials: readonly BearerCredential[], key: Buffer): CredentialSet {
  const plain: { digest: Buffer; principal: Principal }[] = [];
  const checks: Check[] = [];
  const ids = new Set<string>();
  const secrets = new Set<string>();
  for (const [index, credential] of credentials.entries()) {
    const { name, token, tokenHash } = credential;
    const where = `Bearer token ${index + 1}`;
    const secret = eitherSecret(where, token, tokenHash);
    const label = name === undefined ? `bearer:#${index + 1}` : toLabel(`bearer:${name}`);
    const grants = createGrants(credential);
    if (typeof secret === 'string' && !isBearerToken(secret))
      throw new Error(`${where}: a token must be visible ASCII without blanks.`);
    const digest = typeof secret === 'string' ? digestOf({ scheme: 'bearer', secret }, key) : undefined;
    const own = `bearer:${name ?? ''}${grantsKey(credential)} ${digest?.toString('base64') ?? tokenHash}`;
    const principalOf = (presented: string): Principal => ({
      id: `bearer:${name ?? fingerprint(presented)}${grantsKey(credential)}`,
      label,
      grants,
      credential: own,
    });
    secrets.add(own);
    if (name !== undefined) ids.add(principalOf('').id);
    if (typeof secret !== 'string') checks.push({ hash: secret, principal: principalOf });
    else if (digest !== undefined) plain.push({ digest, principal: principalOf(secret) });
  }
  return {
    plain,
    checksFor: (presented) => (presented.scheme === 'bearer' ? checks : []),
    ids,
    credentials: secrets,
  };
}

/** Two credentials of one name are one principal only when they grant the same: a session keeps the grants it was opened with. */
function grantsKey({
  servers,
  tools,
}: {
  readonly servers?: readonly string[] | undefined;
  readonly tools?: readonly string[] | undefined;
}): string {
  return servers === undefined && tools === undefined ? '' : ` ${JSON.stringify({ servers, tools })}`;
}

/** The same for a token in plain and hashed form, so that hashing it later keeps the principal. */
function fingerprint(token: string): string {
  return `sha256-${createHash('sha256').update(token).digest('hex')}`;
}

function eitherSecret(
  where: string,
  plain: string | undefined,
  encoded: string | undefined,
): string | SecretHash {
  if ((plain === undefined) === (encoded === undefined))
    throw new Error(`${where}: give either the secret or its hash.`);
  if (plain === '') throw new Error(`${where}: the secret is empty.`);
  if (encoded === undefined) return plain ?? '';
  const hash = parseSecretHash(encoded);
  if (hash === undefined)
    throw new Error(`${where}: the hash is not a scrypt text that this gateway accepts.`);
  return hash;
}

/** For each cost as many decoys as any one user has hashes of it. */
function decoysFor(hashed: readonly { readonly user: Buffer; readonly check: Check }[]): Check[] {
  const decoys: Check[] = [];
  for (const user of new Set(hashed.map((entry) => entry.user.toString('base64')))) {
    const own = hashed.filter((entry) => entry.user.toString('base64') === user);
    const unmatched = [...decoys];
    for (const { check } of own) {
      if (!takeOfSameCost(unmatched, check)) decoys.push({ hash: createDecoyHash(check.hash.cost) });
    }
  }
  return decoys;
}

/** A user's own checks, filled up so that every user name, known or not, costs the same work. */
function padded(own: readonly Check[], decoys: readonly Check[]): Check[] {
  const rest = [...decoys];
  for (const check of own) takeOfSameCost(rest, check);
  return [...own, ...rest];
}

function takeOfSameCost(from: Check[], check: Check): boolean {
  const { N, r, p } = check.hash.cost;
  const at = from.findIndex(({ hash: { cost } }) => cost.N === N && cost.r === r && cost.p === p);
  if (at !== -1) from.splice(at, 1);
  return at !== -1;
}
