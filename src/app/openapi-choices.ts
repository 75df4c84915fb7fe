/** What the command line may ask for; it reaches the fronts through this room only. */
export { OPENAPI_VERSIONS, type OpenApiVersion } from '../fronts/rest/document-wish.ts';
export { PROFILES, type ProfileName } from '../fronts/rest/openapi-profiles.ts';
