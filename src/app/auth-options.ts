import type { AuthOptions } from '../auth/authenticate.ts';
import type { Config } from '../config/schema.ts';

/** Undefined when nothing is configured. The only place where secrets are taken out of the configuration. */
export function authOptions({ auth }: Config): AuthOptions | undefined {
  if (auth === undefined) return undefined;
  const basic = auth.basic?.enabled === true ? auth.basic.credentials : undefined;
  const bearer = auth.bearer?.enabled === true ? auth.bearer.tokens : undefined;
  return {
    anonymous: auth.anonymous,
    ...(basic && {
      basic: basic.map((entry) => ({
        ...entry,
        password: entry.password?.reveal(),
        passwordHash: entry.passwordHash?.reveal(),
      })),
    }),
    ...(bearer && {
      bearer: bearer.map((entry) => ({
        ...entry,
        token: entry.token?.reveal(),
        tokenHash: entry.tokenHash?.reveal(),
      })),
    }),
  };
}
