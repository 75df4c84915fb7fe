/** Which arguments each tool wants mirrored in headers; asked of the server once in a while. */
import { listTools } from '../../catalog/catalog.ts';
import type { Upstream } from '../../instance/upstream.ts';
import type { Frame } from '../../protocol/frame.ts';
import { bodyMember } from '../../protocol/frame-members.ts';
import { stringAt } from '../../protocol/json-string.ts';
import { type MirroredParam, mirroredParams } from '../../protocol/mirrored-params.ts';

/** How long a server's list is believed, in milliseconds. */
const FRESH_MS = 60_000;

type Tools = ReadonlyMap<string, readonly MirroredParam[]>;

interface Known {
  readonly asked: Promise<Tools>;
  readonly untilMs: number;
  /** Once it was answered. */
  tools: Tools | undefined;
}

const NOTHING: readonly MirroredParam[] = [];

export class MirroredTools {
  readonly #servers = new Map<string, Known>();

  /** Nothing where the server cannot be asked: the check is then left to it. A promise only while it is being asked. */
  of(
    server: string,
    frame: Frame,
    upstream: Upstream,
  ): readonly MirroredParam[] | Promise<readonly MirroredParam[]> {
    const { tools, asked } = this.#known(server, upstream);
    return tools === undefined ? asked.then((later) => paramsOf(later, frame)) : paramsOf(tools, frame);
  }

  /** The server has changed. */
  forget(server: string): void {
    this.#servers.delete(server);
  }

  #known(server: string, upstream: Upstream): Known {
    const known = this.#servers.get(server);
    if (known !== undefined && known.untilMs > performance.now()) return known;
    // A failure is not believed for as long as a list: the next call asks again.
    const asked = ask(upstream).catch((): Tools => {
      if (this.#servers.get(server) === fresh) this.#servers.delete(server);
      return new Map();
    });
    const fresh: Known = { asked, untilMs: performance.now() + FRESH_MS, tools: undefined };
    this.#servers.set(server, fresh);
    void asked.then((tools) => {
      fresh.tools = tools;
    });
    return fresh;
  }
}

function paramsOf(tools: Tools, frame: Frame): readonly MirroredParam[] {
  if (tools.size === 0) return NOTHING;
  const span = bodyMember(frame, 'name');
  const name = span && stringAt(frame.bytes, span);
  return (name === undefined ? undefined : tools.get(name)) ?? NOTHING;
}

async function ask(upstream: Upstream): Promise<Tools> {
  const tools = await listTools(upstream);
  const mirrored = tools.map((tool) => [tool.name, mirroredParams(tool['inputSchema'])] as const);
  return new Map(mirrored.filter(([, params]) => params.length > 0));
}
