import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OpenApiDocument } from '../../src/fronts/rest/openapi.ts';
import { HOSTILE_SERVER, runs } from '../support/gateway.ts';
import { findFaults } from './openapi-judges.ts';
import { ERAS, FULL, type Json, type RestGateway, startRest } from './rest-support.ts';

let gateway: RestGateway;
beforeAll(async () => {
  gateway = await startRest({
    servers: { ...FULL, 'a-b_0123456789': FULL.legacy, hostile: runs(HOSTILE_SERVER) },
  });
});
afterAll(() => gateway.stop());

const HAS = ['resources', 'resource-templates', 'resources/read', 'prompts', 'prompts/{name}'];
const ALL = ['tools', 'jobs/{job}', ...HAS, 'completion/complete'];

function operations({ paths }: OpenApiDocument): Json[] {
  return Object.values(paths).flatMap((item) => Object.values(item));
}

describe.each(ERAS)('the document of a server of the %s era', (era) => {
  it('describes what it offers, and the paths work as they stand', async () => {
    const document: OpenApiDocument = (await gateway.get(`/api/${era}/openapi.json`)).json;
    expect(await findFaults(document)).toEqual([]);
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining(['/', ...ALL.map((path) => `/${path}`)]),
    );
    const base = document.servers[0]?.url;
    const lists = Object.entries(document.paths).filter(
      ([path, item]) => item['get'] && !/\{|read/.test(path),
    );
    expect(lists).toHaveLength(5);
    for (const [path] of lists) expect([path, (await gateway.get(base + path)).status]).toEqual([path, 200]);
  });

  it('is asked for in 3.0 as well', async () => {
    const document: OpenApiDocument = (await gateway.get(`/api/${era}/openapi.json?version=3.0`)).json;
    expect(document.openapi).toBe('3.0.3');
    expect(await findFaults(document)).toEqual([]);
  });

  it('tells of wishes, questions and jobs', async () => {
    const { paths, components } = (await gateway.get(`/api/${era}/openapi.json`)).json;
    const { parameters, responses } = paths['/elicit'].post;
    expect(parameters).toContainEqual({ $ref: '#/components/parameters/prefer' });
    expect(components.parameters.prefer).toMatchObject({ name: 'Prefer', in: 'header', required: false });
    expect(responses['202']).toEqual({ $ref: '#/components/responses/NotYet' });
    expect(components.responses.NotYet.headers).toHaveProperty('Location');
    for (const name of ['Running', 'InputRequired', 'Answers'])
      expect(components.schemas).toHaveProperty(name);
    expect(Object.keys(paths['/jobs/{job}'])).toEqual(['get', 'delete']);
  });
});

describe('the document of all servers', () => {
  it('has ids that no two operations share and that no client stumbles over', async () => {
    const document: OpenApiDocument = (await gateway.get('/api/openapi.json')).json;
    expect(await findFaults(document)).toEqual([]);
    const ids = operations(document).map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(id))).toEqual([]);
    expect(ids).toEqual(expect.arrayContaining(['listToolsOflegacy', 'listPromptsOfmodern']));
  });

  it('names only what a server says that it has', async () => {
    const { paths } = (await gateway.get('/api/openapi.json')).json;
    expect(paths).toHaveProperty(['/api/hostile/tools']);
    expect(HAS.filter((path) => `/api/hostile/${path}` in paths)).toEqual([]);
  });
});
