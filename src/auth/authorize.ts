/** May this principal use this server and this tool. Pure; what is listed and what can be called ask the same. */
import { compileGlob } from '../util/glob.ts';
import type { Principal } from './principal.ts';

/** A server's own rule for its tools, for every principal. */
export interface ToolPolicy {
  allow(tool: string): boolean;
  deny(tool: string): boolean;
  /** False when every tool is allowed, so that nobody need look. */
  readonly narrows: boolean;
}

/** An absent `allow` is everything; an absent `deny` is nothing. */
export function compileToolPolicy(lists: {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}): ToolPolicy {
  const allow = lists.allow ?? ['*'];
  const deny = lists.deny ?? [];
  return {
    allow: compileGlob(allow),
    deny: compileGlob(deny),
    narrows: !allow.includes('*') || deny.length > 0,
  };
}

/** `server` is the name as the configuration spells it. */
export function mayUseServer(principal: Principal, server: string): boolean {
  return principal.grants.mayUseServer(server);
}

/** Every rule must agree: the server's `deny` wins over its `allow`, and a credential can only narrow. */
export function mayUseTool(principal: Principal, policy: ToolPolicy, tool: string): boolean {
  return !policy.deny(tool) && policy.allow(tool) && principal.grants.mayUseTool(tool);
}

/** Whether lists and calls of this principal must be looked at, tool by tool. */
export function narrowsTools(principal: Principal, policy: ToolPolicy): boolean {
  return policy.narrows || principal.grants.narrowsTools;
}
