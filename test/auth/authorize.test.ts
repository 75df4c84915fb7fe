import { describe, expect, it } from 'vitest';
import { compileToolPolicy, mayUseServer, mayUseTool } from '../../src/auth/authorize.ts';
import { ANONYMOUS, createGrants, LOOPBACK, type Principal } from '../../src/auth/principal.ts';

function principal(limits: { servers?: string[]; tools?: string[] }): Principal {
  return { id: 'basic:a', label: 'basic:a', grants: createGrants(limits), credential: '' };
}

describe('mayUseServer', () => {
  it.each([
    [{}, 'files', true],
    [{ servers: ['files'] }, 'files', true],
    [{ servers: ['files'] }, 'files2', false],
    [{ servers: ['team-*'] }, 'team-a', true],
    [{ servers: [] }, 'files', false],
    [{ tools: [] }, 'files', true],
  ])('%j on %s is %s', (limits, server, expected) => {
    expect(mayUseServer(principal(limits), server)).toBe(expected);
  });

  it('narrows neither anonymous callers nor this machine', () => {
    expect(
      [ANONYMOUS, LOOPBACK].map(
        (who) => mayUseServer(who, 'any') && mayUseTool(who, compileToolPolicy({}), 'any'),
      ),
    ).toEqual([true, true]);
  });
});

describe('mayUseTool', () => {
  it.each([
    ['nothing said', {}, {}, 'read', true],
    ['allowed', { allow: ['read*'] }, {}, 'read_file', true],
    ['not allowed', { allow: ['read*'] }, {}, 'write', false],
    ['nothing allowed', { allow: [] }, {}, 'read', false],
    ['denied', { deny: ['write'] }, {}, 'write', false],
    ['denied and allowed', { allow: ['*', 'write'], deny: ['wr*'] }, {}, 'write', false],
    ['granted', {}, { tools: ['read*'] }, 'read', true],
    ['not granted', {}, { tools: ['read*'] }, 'write', false],
    ['granted, yet denied', { deny: ['read'] }, { tools: ['read'] }, 'read', false],
    ['granted, yet not allowed', { allow: ['list'] }, { tools: ['read'] }, 'read', false],
  ])('%s', (_what, lists, limits, tool, expected) => {
    expect(mayUseTool(principal(limits), compileToolPolicy(lists), tool)).toBe(expected);
  });
});
