/** What the command line may ask for; it reaches the fronts through this room only. */
export {
  OPENAPI_VERSIONS,
  type OpenApiVersion,
  PROFILES,
  type ProfileName,
} from '../fronts/rest/document-wish.ts';
