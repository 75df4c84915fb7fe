/** The page in a real browser: open, call a tool, see the result; nothing goes elsewhere and nothing complains. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callTool, launchBrowser, openPage } from '../support/browser.ts';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { startProxy } from './proxy.ts';

const SERVERS = { echo: runs(HOSTILE_SERVER), other: runs(HOSTILE_SERVER) };

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser?.close());

describe('the page', { timeout: 240_000 }, () => {
  it.each([1280, 360])('calls a tool without a word about sessions, %i pixels wide', async (width) => {
    await using gateway = await startGateway({ servers: SERVERS });
    await using open = await openPage(browser, `${gateway.url}/docs`, width);
    const { page, complaints } = open;
    await page.locator('.opblock').first().waitFor();
    expect(await page.locator('.servers a').allInnerTexts()).toEqual(['echo', 'other']);
    expect(await callTool(page, 'echo/echo', { text: 'hé <b>&amp;' })).toMatch(/^\{"text":"hé <b>&amp;"\}\n/);
    // Calls of one page share a session, and so a process.
    expect(await callTool(page, 'echo/count')).toMatch(/^1\n/);
    expect(await callTool(page, 'echo/count')).toMatch(/^2\n/);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(complaints).toEqual([]);
  });

  it('shows what went wrong in words: a tool that fails, a server that dies, a session that is gone', async () => {
    await using gateway = await startGateway({ servers: SERVERS });
    await using open = await openPage(browser, `${gateway.url}/docs`);
    const { page, complaints } = open;
    expect(await callTool(page, 'echo/fail', { text: 'no such file' })).toMatch(
      /^The tool ran, and failed\. It says:\s+no such file\n/,
    );
    expect(await callTool(page, 'echo/crash', {})).toContain('The server process ended');
    expect(await callTool(page, 'echo/count')).toContain('Press Execute again');
    expect(await callTool(page, 'echo/count')).toMatch(/^1\n/);
    // What browsers say of every answer from 400 on.
    expect(complaints.map((complaint) => /status of (\d+)/.exec(complaint)?.[1])).toEqual(['502', '410']);
  });

  it('shows one server, goes from all to one and back, and opens the tool that an address names', async () => {
    await using gateway = await startGateway({ servers: SERVERS });
    await using open = await openPage(browser, `${gateway.url}/docs/other#/other/other_echo`);
    const { page, complaints, requests } = open;
    await page.locator('.opblock.is-open', { has: page.locator('[data-path="/echo"]') }).waitFor();
    expect(await callTool(page, 'echo', { text: 'one' })).toMatch(/^\{"text":"one"\}\n/);
    expect(requests).toContain('POST /api/other/echo');
    expect(await page.locator('#intro').innerText()).toContain(`${gateway.url}/other/mcp`);
    await page.locator('#home').click();
    await page.locator('.servers a', { hasText: 'echo' }).click();
    await page.locator('h1', { hasText: /^echo$/ }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/docs/echo');
    await page.goBack();
    await page.locator('h1', { hasText: 'All servers' }).waitFor();
    expect(requests.filter((request) => request === 'GET /docs/assets/page.js')).toHaveLength(1);
    expect(complaints).toEqual([]);
  });

  it('says so where there is nothing, where a server does not start, and where nobody answers', async () => {
    await using gateway = await startGateway({
      servers: { ...SERVERS, broken: runs(HOSTILE_SERVER, '--exit-on-start') },
    });
    await using open = await openPage(browser, `${gateway.url}/docs/nothing`);
    const { page } = open;
    await page.getByText('There is nothing here, or not for you.').waitFor();
    await page.goto(`${gateway.url}/docs/broken`);
    await page.getByText('could not be started').first().waitFor();
    await page.goto(`${gateway.url}/docs`);
    await page.getByText('broken: ').waitFor();
    await gateway.stop();
    await page.locator('.servers a').first().click();
    await page.getByText('The gateway does not answer.').waitFor();
    await page.getByRole('button', { name: 'Try again' }).waitFor();
  });

  it('works behind a prefix, and calls the address that it was opened under', async () => {
    await using gateway = await startGateway({
      servers: SERVERS,
      publicUrl: 'https://elsewhere.invalid/tools',
    });
    await using proxy = await startProxy(gateway.port, '/gw');
    for (const [path, tool] of [
      ['/docs', 'echo/echo'],
      ['/docs/echo', 'echo'],
    ] as const) {
      await using open = await openPage(browser, proxy.url + path);
      expect(await callTool(open.page, tool, { text: path })).toContain(`{"text":"${path}"}`);
      expect(open.requests).toContain('POST /gw/api/echo/echo');
      expect(open.complaints).toEqual([]);
    }
  });

  it('saves the document in both formats', async () => {
    await using gateway = await startGateway({ servers: SERVERS });
    await using open = await openPage(browser, `${gateway.url}/docs/echo`);
    const { page, complaints } = open;
    for (const format of ['JSON', 'YAML']) {
      const saved = page.waitForEvent('download');
      await page.getByRole('button', { name: format, exact: true }).click();
      expect((await saved).suggestedFilename()).toBe(`openapi.${format.toLowerCase()}`);
    }
    expect(complaints).toEqual([]);
  });
});
