/** The OpenAPI document of what the servers offer right now; one that cannot be asked is reported and left out. */
import type { Catalog, Offer } from '../../catalog/catalog.ts';
import { type GatewayError, toGatewayError } from '../../errors.ts';
import type { DocumentWish } from './document-wish.ts';
import {
  type OpenApiDocument,
  type OpenApiOptions,
  type ReportEntry,
  type ServerTools,
  toOpenApi,
} from './openapi.ts';
import { toOpenApi30 } from './openapi-3-0.ts';
import { applyProfile } from './openapi-profiles.ts';

export interface DescribedServer {
  readonly name: string;
  mayUse(tool: string): boolean;
}

export interface Asked {
  readonly server: DescribedServer;
  readonly outcome: Offer | GatewayError;
}

export interface LiveDocument {
  readonly document: OpenApiDocument;
  /** Everything, where the document itself carries only the beginning. */
  readonly report: readonly ReportEntry[];
}

/** Most entries of a report that the document carries: it is for people, and must not outgrow what it is about. */
const MAX_CARRIED = 100;

/** Never rejects. Servers are asked at the same time; the pool decides how many start at once. */
export function askServers(
  servers: readonly DescribedServer[],
  catalog: Catalog,
  onAsked: (asked: Asked) => void = () => undefined,
): Promise<readonly Asked[]> {
  return Promise.all(
    servers.map(async (server) => {
      const asked = { server, outcome: await catalog.offer(server.name).catch(toGatewayError) };
      onAsked(asked);
      return asked;
    }),
  );
}

/** Pure, and the same for the same outcomes. */
export function describeServers(
  all: readonly Asked[],
  options: OpenApiOptions,
  wish: DocumentWish,
): LiveDocument {
  const whole = toOpenApi(
    all.flatMap((asked) => toServerTools(asked) ?? []),
    options,
  );
  const profiled =
    wish.profile === undefined
      ? { document: whole.document, report: [] }
      : applyProfile(wish.profile, whole.document, options);
  const { document, report: losses } =
    wish.version === '3.0' ? toOpenApi30(profiled.document) : { document: profiled.document, report: [] };
  const report: ReportEntry[] = [
    ...profiled.report,
    ...all.flatMap(toFailure),
    ...whole.leftOut.map(
      ({ reason, ...where }): ReportEntry => ({ kind: 'left-out', ...where, what: reason }),
    ),
    ...whole.warnings.map((warning): ReportEntry => ({ kind: 'changed', ...warning })),
    ...losses,
  ];
  const carried = report.slice(0, MAX_CARRIED);
  return { document: carried.length === 0 ? document : { ...document, 'x-mcp-report': carried }, report };
}

function toServerTools({ server, outcome }: Asked): ServerTools | undefined {
  if (outcome instanceof Error) return undefined;
  const { tools, instructions, version, offers } = outcome;
  return {
    server: server.name,
    tools: tools.filter((tool) => server.mayUse(tool.name)),
    offers,
    ...(instructions === undefined ? {} : { instructions }),
    ...(version === undefined ? {} : { version }),
  };
}

function toFailure({ server, outcome }: Asked): ReportEntry[] {
  return outcome instanceof Error ? [{ kind: 'left-out', server: server.name, what: outcome.message }] : [];
}
