/** Which arguments each tool wants mirrored in headers; asked of the server once in a while. */
import { listTools } from '../../catalog/catalog.ts';
import type { Upstream } from '../../instance/upstream.ts';
import type { Frame } from '../../protocol/frame.ts';
import { findMember } from '../../protocol/json-member.ts';
import { stringAt } from '../../protocol/json-string.ts';
import { type MirroredParam, mirroredParams } from '../../protocol/mirrored-params.ts';

/** How long a server's list is believed, in milliseconds. */
const FRESH_MS = 60_000;

type Tools = ReadonlyMap<string, readonly MirroredParam[]>;

export class MirroredTools {
  readonly #servers = new Map<string, { readonly tools: Promise<Tools>; readonly untilMs: number }>();

  /** Nothing where the server cannot be asked: the check is then left to it. */
  async of(server: string, { bytes, body }: Frame, upstream: Upstream): Promise<readonly MirroredParam[]> {
    const span = body && findMember(bytes, body, 'name');
    const name = span && stringAt(bytes, span);
    const tools = await this.#tools(server, upstream);
    return (name === undefined ? undefined : tools.get(name)) ?? [];
  }

  #tools(server: string, upstream: Upstream): Promise<Tools> {
    const known = this.#servers.get(server);
    if (known !== undefined && known.untilMs > performance.now()) return known.tools;
    // A failure is not believed for as long as a list: the next call asks again.
    const tools = ask(upstream).catch((): Tools => {
      this.#servers.delete(server);
      return new Map();
    });
    this.#servers.set(server, { tools, untilMs: performance.now() + FRESH_MS });
    return tools;
  }
}

async function ask(upstream: Upstream): Promise<Tools> {
  const tools = await listTools(upstream);
  return new Map(tools.map((tool) => [tool.name, mirroredParams(tool['inputSchema'])]));
}
