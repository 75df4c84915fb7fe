import * as z from 'zod';
import { ALWAYS, asMapping, complain, secretText } from './schema-fields.ts';
import { Secret } from './secret.ts';

const HASH_FORM = 'scrypt$N$r$p$salt$hash, salt and hash in base64';
const grants = {
  servers: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Names of the servers that this credential may use; every server when left out.'),
  tools: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe(
      'Patterns (* for any text) of the tools that this credential may use; every tool when left out.',
    ),
};

/** The header that carries a password is UTF-8 text; control characters are ruled out by RFC 7617, section 2. */
const Password = secretText((text) => (hasControl(text) ? 'must not contain control characters' : undefined));
/** RFC 6750 sends a token as one word of a header. */
const Token = secretText((text) =>
  /^[\x21-\x7e]+$/.test(text) ? undefined : 'must consist of visible ASCII characters without spaces',
);
const Hash = secretText((text) =>
  isScryptHash(text) ? undefined : `this is not a hash of the form ${HASH_FORM}`,
);

const BasicCredential = z
  .strictObject({
    username: z
      .string()
      .min(1)
      .max(255)
      .superRefine((text, ctx) => {
        // RFC 7617, section 2: the first colon ends the user name.
        if (text.includes(':'))
          complain(ctx, 'must not contain a colon', { hint: 'Basic authentication cannot carry it' });
        if (hasControl(text)) complain(ctx, 'must not contain control characters');
      })
      .describe('User name.'),
    password: Password.optional().describe('Password; better from the environment, as "${ADMIN_PASSWORD}".'),
    passwordHash: Hash.optional().describe(`Hash of the password instead of it: ${HASH_FORM}.`),
    ...grants,
  })
  .superRefine((value, ctx) => exactlyOne(value, ctx, 'password', 'passwordHash'), ALWAYS)
  .meta(oneOf('password', 'passwordHash'));

export interface BearerToken {
  /** Who is calling; undefined when the file gives the token alone. */
  readonly name?: string | undefined;
  readonly token?: Secret | undefined;
  readonly tokenHash?: Secret | undefined;
  readonly servers?: string[] | undefined;
  readonly tools?: string[] | undefined;
}

const TokenAlone = Token.transform((token): BearerToken => ({ token })).describe(
  'The token alone; better from the environment, as "${TOKEN}".',
);
const TokenEntry = z
  .strictObject({
    name: z.string().min(1).max(255).describe('Who is calling with this token.'),
    token: Token.optional().describe('The token; better from the environment, as "${TOKEN}".'),
    tokenHash: Hash.optional().describe(`Hash of the token instead of it: ${HASH_FORM}.`),
    ...grants,
  })
  .superRefine((value, ctx) => exactlyOne(value, ctx, 'token', 'tokenHash'), ALWAYS)
  .meta(oneOf('token', 'tokenHash'))
  .transform((entry): BearerToken => entry);

const enabled = z.boolean().default(true).describe('Whether this method is offered.');

const Basic = z
  .strictObject({
    enabled,
    credentials: z.array(BasicCredential).default([]).describe('Who may enter.'),
  })
  .superRefine((value, ctx) => notEmpty(value, ctx, 'credentials'), ALWAYS)
  .superRefine((value, ctx) => eachOnce(value, ctx, 'credentials'), ALWAYS);

const Bearer = z
  .strictObject({
    enabled,
    tokens: z
      .array(z.union([TokenAlone, TokenEntry]))
      .default([])
      .describe('Tokens that may enter.'),
  })
  .superRefine((value, ctx) => notEmpty(value, ctx, 'tokens'), ALWAYS)
  .superRefine((value, ctx) => eachOnce(value, ctx, 'tokens'), ALWAYS);

/** Who may enter. Any valid credential grants access; what it may touch can be narrowed for each. */
export const AuthSchema = z
  .strictObject({
    anonymous: z
      .boolean()
      .default(false)
      .describe('Serve everyone who can reach the port, without credentials.'),
    basic: Basic.optional().describe('HTTP Basic authentication.'),
    bearer: Bearer.optional().describe('Bearer tokens.'),
  })
  .superRefine((value: unknown, ctx) => {
    const auth = asMapping(value);
    if (auth === undefined || (auth['anonymous'] ?? false) !== false) return;
    // A block that is not a mapping, or has an empty list, has a complaint of its own.
    const on = [auth['basic'], auth['bearer']].some(
      (block) => block !== undefined && asMapping(block)?.['enabled'] !== false,
    );
    if (on) return;
    const hint =
      'enable auth.basic or auth.bearer with at least one credential, or set anonymous: true to serve everyone';
    complain(ctx, 'nothing is enabled here, so nobody could enter', { hint, at: 'key' });
  }, ALWAYS);

function exactlyOne(value: unknown, ctx: z.RefinementCtx, plain: string, hash: string): void {
  const entry = asMapping(value);
  if (entry === undefined) return;
  if (entry[plain] !== undefined && entry[hash] !== undefined) {
    complain(ctx, `${plain} and ${hash} exclude each other`, {
      path: [hash],
      hint: 'remove one of them',
      at: 'key',
    });
  } else if (entry[plain] === undefined && entry[hash] === undefined) {
    complain(ctx, `one of ${plain} and ${hash} is needed`);
  }
}

function oneOf(plain: string, hash: string) {
  return { oneOf: [{ required: [plain] }, { required: [hash] }] };
}

function notEmpty(value: unknown, ctx: z.RefinementCtx, list: string): void {
  const block = asMapping(value);
  const entries = block?.[list];
  if (block?.['enabled'] !== true || !Array.isArray(entries) || entries.length > 0) return;
  complain(ctx, `this is enabled but has no ${list}`, {
    hint: `add one to ${list}, or set enabled: false`,
    at: 'key',
  });
}

/** With the same credential twice it would be chance which grants apply. */
function eachOnce(value: unknown, ctx: z.RefinementCtx, list: string): void {
  const entries = asMapping(value)?.[list];
  if (!Array.isArray(entries)) return;
  const seen = new Map<string, number>();
  for (const [index, item] of entries.entries()) {
    const entry = asMapping(item);
    const secret = entry?.['password'] ?? entry?.['token'];
    if (!(secret instanceof Secret)) continue;
    const identity = JSON.stringify([entry?.['username'], secret.reveal()]);
    const first = seen.get(identity);
    if (first === undefined) seen.set(identity, index);
    else
      complain(ctx, `this is the same credential as ${list}[${first}]`, {
        path: [list, index],
        hint: 'remove one',
      });
  }
}

function hasControl(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function isScryptHash(text: string): boolean {
  const match =
    /^scrypt\$(\d{1,10})\$([1-9]\d{0,3})\$([1-9]\d{0,3})\$([A-Za-z0-9+/]+={0,2})\$([A-Za-z0-9+/]+={0,2})$/.exec(
      text,
    );
  const cost = Math.log2(Number(match?.[1]));
  return match !== null && cost >= 1 && Number.isInteger(cost);
}
