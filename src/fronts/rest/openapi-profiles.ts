/** Documents for clients that take less than OpenAPI: made from the whole document, with a report of what it cost. */
import type { ProfileName } from './document-wish.ts';
import type { OpenApiDocument, OpenApiOptions, ReportEntry } from './openapi-document.ts';
import { toGptActions } from './openapi-profile-gpt-actions.ts';
import { toOpenWebUi } from './openapi-profile-open-webui.ts';

export interface Profiled {
  readonly document: OpenApiDocument;
  /** Problems first. */
  readonly report: readonly ReportEntry[];
}

const MAKERS: Readonly<
  Record<ProfileName, (document: OpenApiDocument, options: OpenApiOptions) => Profiled>
> = { 'gpt-actions': toGptActions, 'open-webui': toOpenWebUi };

/** Pure; neither document nor options are changed. */
export function applyProfile(
  profile: ProfileName,
  document: OpenApiDocument,
  options: OpenApiOptions,
): Profiled {
  const { document: made, report } = MAKERS[profile](document, options);
  const isProblem = ({ kind }: ReportEntry): boolean => kind === 'problem';
  return {
    document: made,
    report: [...report.filter(isProblem), ...report.filter((entry) => !isProblem(entry))],
  };
}
