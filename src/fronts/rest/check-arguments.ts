/** Holds the arguments of a call against the schema that its server lists, before they are sent. */
import { createHash } from 'node:crypto';
import { listTools } from '../../catalog/catalog.ts';
import { GatewayError } from '../../errors.ts';
import { type Problem, toProblem } from '../../http/error-response.ts';
import type { Upstream } from '../../instance/upstream.ts';
import { ArgumentThread, type Fault } from './argument-thread.ts';

/** How long a server's list is believed when arguments fit it, in milliseconds; before any are refused it is asked again. */
const FRESH_MS = 60_000;
/** After that long a tool that is not in the list may have been added to it, in milliseconds. */
const UNLISTED_MS = 1000;
/** Longest schema that is looked at, in characters of JSON: ten times the largest seen in real servers. */
const MAX_SCHEMA_CHARS = 262_144;
const MAX_SERVERS = 1000;

interface Schema {
  /** The same for the same schema. */
  readonly key: string;
  readonly text: string;
}
type Schemas = ReadonlyMap<string, Schema>;

export class ArgumentCheck {
  readonly #thread = new ArgumentThread();
  readonly #servers = new Map<string, { readonly schemas: Promise<Schemas>; readonly untilMs: number }>();

  /** Undefined where nothing is wrong, or nothing can be told. Rejects with the GatewayError that listing failed with. */
  async problemOf(
    { server, tool, args }: { readonly server: string; readonly tool: string; readonly args: Buffer },
    upstream: Upstream,
  ): Promise<Problem | undefined> {
    const known = await this.#known(server, tool, upstream);
    const text = args.toString();
    const faults = await this.#faults(known, text);
    if (faults.length === 0) return undefined;
    // Lists change, and may differ from process to process: this very one decides.
    const current = (await this.#ask(server, upstream)).get(tool);
    const last = current?.key === known?.key ? faults : await this.#faults(current, text);
    return last.length === 0 ? undefined : toProblem(refusal(last), { errors: last });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  #faults(schema: Schema | undefined, args: string): Promise<readonly Fault[]> {
    return schema === undefined ? Promise.resolve([]) : this.#thread.check(schema.key, schema.text, args);
  }

  async #known(server: string, tool: string, upstream: Upstream): Promise<Schema | undefined> {
    const entry = this.#servers.get(server);
    const now = performance.now();
    if (entry === undefined || entry.untilMs <= now) return (await this.#ask(server, upstream)).get(tool);
    const known = (await entry.schemas).get(tool);
    // It may have come since.
    const isOld = entry.untilMs - now < FRESH_MS - UNLISTED_MS;
    return known === undefined && isOld ? (await this.#ask(server, upstream)).get(tool) : known;
  }

  #ask(server: string, upstream: Upstream): Promise<Schemas> {
    const schemas = schemasOf(upstream);
    const [oldest] = this.#servers.keys();
    if (this.#servers.size >= MAX_SERVERS && oldest !== undefined) this.#servers.delete(oldest);
    const entry = { schemas, untilMs: performance.now() + FRESH_MS };
    this.#servers.set(server, entry);
    // A failure is not believed for as long as a list.
    schemas.catch(() => {
      if (this.#servers.get(server) === entry) this.#servers.delete(server);
    });
    return schemas;
  }
}

async function schemasOf(upstream: Upstream): Promise<Schemas> {
  const tools = await listTools(upstream);
  return new Map(
    tools.flatMap(({ name, inputSchema }): [string, Schema][] => {
      const text = JSON.stringify(inputSchema);
      if (typeof inputSchema !== 'object' || inputSchema === null || text.length > MAX_SCHEMA_CHARS)
        return [];
      return [[name, { key: createHash('sha256').update(text).digest('base64'), text }]];
    }),
  );
}

function refusal(faults: readonly Fault[]): GatewayError {
  const [first] = faults;
  const where = first?.pointer === '' ? 'They' : first?.pointer;
  return new GatewayError('ARGUMENTS_REFUSED', `${where} ${first?.detail}.`);
}
