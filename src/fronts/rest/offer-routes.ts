/** What a server offers, as plain JSON: itself, its tools, resources and prompts; and a resource or a prompt itself. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import { serve, serveGet } from '../../http/server.ts';
import type { Upstream } from '../../instance/upstream.ts';
import { SERVER_INFO_KEY } from '../../protocol/era.ts';
import { findMember } from '../../protocol/json-member.ts';
import type { CapabilityClass } from '../../relay/capability-class.ts';
import { listAll } from './list-all.ts';
import { perform, type RestParts } from './perform.ts';
import { takePlace } from './places.ts';
import { asJson, asResource } from './represent.ts';
import { readCallBody } from './rest-request.ts';
import { namedSession } from './rest-sessions.ts';
import { sendJson } from './send-outcome.ts';
import { decideWishes } from './wishes.ts';

type OfferRequest = FastifyRequest<{
  Params: { server: string; name: string };
  Querystring: { sessionId?: string | string[]; uri?: string | string[] };
}>;

/**
 * Words at the place of a tool's name that name a list when they are got; posting to them calls a tool of that name.
 * With the method of MCP and the member of its answer.
 */
const LISTS = {
  tools: ['tools/list', 'tools'],
  resources: ['resources/list', 'resources'],
  'resource-templates': ['resources/templates/list', 'resourceTemplates'],
  prompts: ['prompts/list', 'prompts'],
} as const;

export function serveOffers(app: FastifyInstance, parts: RestParts): void {
  const itself = (request: FastifyRequest, reply: FastifyReply) =>
    describe(request as OfferRequest, reply, parts);
  serve(app, '/api/:server', { GET: itself });
  // What the document of one server names it by, since its base URL ends without a slash.
  serveGet(app, '/api/:server/', itself);
  for (const [word, [method, member]] of Object.entries(LISTS)) {
    serveGet(app, `/api/:server/${word}`, (request, reply) =>
      list(request as OfferRequest, reply, parts, { method, member }),
    );
  }
  const read = (request: FastifyRequest, reply: FastifyReply) =>
    readResource(request as OfferRequest, reply, parts);
  serve(app, '/api/:server/resources/read', { GET: read, POST: read });
  serve(app, '/api/:server/prompts/:name', {
    POST: (request, reply) => getPrompt(request as OfferRequest, reply, parts),
  });
  serve(app, '/api/:server/completion/complete', {
    POST: (request, reply) => complete(request as OfferRequest, reply, parts),
  });
}

async function describe(request: OfferRequest, reply: FastifyReply, parts: RestParts): Promise<FastifyReply> {
  const { server } = request.params;
  const { capabilities } = decideWishes(request.headers['prefer'], parts.options.inputRequired);
  const text = await withUpstream(request, parts, capabilities, async (upstream) =>
    textOfServer(server, upstream),
  );
  return sendJson(reply, text);
}

/** Some servers have tools only for those who can answer their questions: what the caller says of that counts here, too. */
async function list(
  request: OfferRequest,
  reply: FastifyReply,
  parts: RestParts,
  { method, member }: { readonly method: string; readonly member: string },
): Promise<FastifyReply> {
  const { capabilities } = decideWishes(request.headers['prefer'], parts.options.inputRequired);
  const items = await withUpstream(request, parts, capabilities, (upstream) =>
    listAll(upstream, method, member, capabilities),
  );
  const pieces = items.flatMap((item, index) => (index === 0 ? [item] : [Buffer.from(','), item]));
  return sendJson(reply, Buffer.concat([Buffer.from(`{"${member}":[`), ...pieces, Buffer.from(']}')]));
}

async function readResource(
  request: OfferRequest,
  reply: FastifyReply,
  parts: RestParts,
): Promise<FastifyReply> {
  const { query, headers, body } = request;
  const { uri } = query;
  if (typeof uri !== 'string' || uri === '')
    throw new GatewayError('INVALID_ARGUMENTS', 'Add ?uri=… to the URL, percent-encoded.');
  const wishes = decideWishes(headers['prefer'], parts.options.inputRequired);
  const { answers } = readCallBody(body, wishes.capabilities !== undefined);
  const operation = {
    ...whereOf(request, parts),
    method: 'resources/read',
    params: [['uri', JSON.stringify(uri)], ...answers] as const,
    aim: { target: 'resource', name: uri },
    represent: asResource(uri),
    mayBeAsked: true,
  } as const;
  return perform(parts, request, reply, operation, wishes);
}

async function getPrompt(
  request: OfferRequest,
  reply: FastifyReply,
  parts: RestParts,
): Promise<FastifyReply> {
  const { params, headers, body } = request;
  const wishes = decideWishes(headers['prefer'], parts.options.inputRequired);
  const { args, answers } = readCallBody(body, wishes.capabilities !== undefined);
  const operation = {
    ...whereOf(request, parts),
    method: 'prompts/get',
    params: [['name', JSON.stringify(params.name)], ['arguments', args], ...answers] as const,
    aim: { target: 'prompt', name: params.name },
    represent: asJson,
    mayBeAsked: true,
  } as const;
  return perform(parts, request, reply, operation, wishes);
}

/** The body is the params of MCP: what is completed, its argument, and what is known of the others. */
async function complete(request: OfferRequest, reply: FastifyReply, parts: RestParts): Promise<FastifyReply> {
  const { args } = readCallBody(request.body, false);
  const all = { start: 0, end: args.length };
  const operation = {
    ...whereOf(request, parts),
    method: 'completion/complete',
    params: ['ref', 'argument', 'context'].flatMap((name) => {
      const span = findMember(args, all, name);
      return span === undefined ? [] : [[name, args.subarray(span.start, span.end)] as const];
    }),
    aim: { target: 'completion', name: '' },
    represent: asJson,
    mayBeAsked: false,
  } as const;
  return perform(
    parts,
    request,
    reply,
    operation,
    decideWishes(request.headers['prefer'], parts.options.inputRequired),
  );
}

/** Sessions are for those who want their state: what a server offers is told without one, too. */
function whereOf({ principal, params, query }: OfferRequest, { sessions }: RestParts) {
  sessions.assertAccepting();
  return {
    server: sessions.server(principal, params.server),
    sessionId: namedSession(query.sessionId),
  };
}

async function withUpstream<T>(
  request: OfferRequest,
  parts: RestParts,
  capabilities: CapabilityClass | undefined,
  use: (upstream: Upstream) => Promise<T>,
): Promise<T> {
  const place = takePlace(parts.sessions, parts.rest, {
    ...whereOf(request, parts),
    principal: request.principal,
    capabilities,
    mayBeAsked: false,
    listens: false,
  });
  try {
    return await use(await place.open());
  } finally {
    place.leave();
  }
}

function textOfServer(name: string, { facts }: Upstream): string {
  if (facts?.frame.body === undefined) throw new GatewayError('BAD_ANSWER');
  const { bytes, body, meta } = facts.frame;
  const told = {
    // A server of 2026-07-28 names itself in the metadata.
    serverInfo: findMember(bytes, body, 'serverInfo') ?? (meta && findMember(bytes, meta, SERVER_INFO_KEY)),
    capabilities: findMember(bytes, body, 'capabilities'),
    instructions: findMember(bytes, body, 'instructions'),
  };
  const texts = Object.entries(told).flatMap(([member, span]) =>
    span === undefined ? [] : [`"${member}":${bytes.toString('utf8', span.start, span.end)}`],
  );
  return `{${[`"name":${JSON.stringify(name)}`, ...texts].join(',')}}`;
}
