import type { Config } from '../config/schema.ts';
import type { OpenApiOptions } from '../fronts/rest/openapi.ts';
import { VERSION } from '../util/version.ts';

export function openApiOptions({ auth, publicUrl, rest }: Config): OpenApiOptions {
  return {
    title: 'MCP servers',
    version: VERSION,
    serverUrls: publicUrl === undefined ? [] : [publicUrl],
    security: {
      basic: auth?.basic?.enabled === true,
      bearer: auth?.bearer?.enabled === true,
      anonymous: auth?.anonymous === true,
    },
    sessionRequired: rest.sessions === 'required',
    validates: rest.validate,
  };
}
