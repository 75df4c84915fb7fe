/** Signing in on the page: with what is configured, for what it grants, and never through a dialogue of the browser. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callTool, launchBrowser, openPage } from '../support/browser.ts';
import { HOSTILE_SERVER, runs, startGateway } from '../support/gateway.ts';
import { startProxy } from './proxy.ts';

const SERVERS = { echo: runs(HOSTILE_SERVER), other: runs(HOSTILE_SERVER) };
const PASSWORD = 'quiet-Wälrus-in-7-boats';
const TOKEN = 'slow-Heron-over-3-lakes';
const NARROW = 'early-Otter-under-5-oaks';
const BASIC = { credentials: [{ username: 'admin', password: PASSWORD }] };
const BEARER = { tokens: [TOKEN, { name: 'narrow', token: NARROW, servers: ['other'] }] };

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser?.close());

describe('signing in', { timeout: 240_000 }, () => {
  it('with a user name and a password: reads, calls, keeps the secret to itself, signs out', async () => {
    await using gateway = await startGateway({ servers: SERVERS, auth: { basic: BASIC } });
    await using open = await openPage(browser, `${gateway.url}/docs`);
    const { page, complaints, requests } = open;
    await page.getByLabel('User name').waitFor();
    expect(requests.filter((request) => request.includes('/api/'))).toEqual([]);
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.keyboard.press('Enter');
    expect(await callTool(page, 'echo/echo', { text: 'in' })).toMatch(/^\{"text":"in"\}\n/);
    expect(await page.locator('#who').innerText()).toContain('Signed in with admin');
    const shown = await page.locator('body').innerText();
    expect(shown).toContain('Authorization: Basic <your credentials>');
    expect(shown).not.toContain(Buffer.from(`admin:${PASSWORD}`).toString('base64'));
    expect(await page.evaluate('localStorage.length + sessionStorage.length + document.cookie.length')).toBe(
      0,
    );
    // Not loaded anew: what was entered is still there.
    await page.locator('.servers a', { hasText: 'other' }).click();
    await page.locator('h1', { hasText: 'other' }).waitFor();
    await page.locator('.opblock').first().waitFor();
    const before = requests.length;
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('User name').waitFor();
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    expect(await page.locator('.opblock').count()).toBe(0);
    expect(requests.slice(before)).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it('with a token: sees what it grants; one that is not accepted is told so', async () => {
    await using gateway = await startGateway({ servers: SERVERS, auth: { basic: BASIC, bearer: BEARER } });
    await using open = await openPage(browser, `${gateway.url}/docs`);
    const { page, complaints } = open;
    await enterToken(page, 'wrong');
    await page.getByText('These credentials are not accepted.').waitFor();
    expect(complaints.map((complaint) => /status of (\d+)/.exec(complaint)?.[1])).toEqual(['401']);
    await enterToken(page, NARROW);
    expect(await callTool(page, 'other/echo', { text: 'in' })).toMatch(/^\{"text":"in"\}\n/);
    expect(await page.locator('.servers a').allInnerTexts()).toEqual(['other']);
    expect(await page.locator('body').innerText()).not.toContain(NARROW);
    expect(complaints).toHaveLength(1);
  });

  it('is offered, not demanded, where everybody is served', async () => {
    await using gateway = await startGateway({ servers: SERVERS, auth: { anonymous: true, bearer: BEARER } });
    await using open = await openPage(browser, `${gateway.url}/docs/other`);
    const { page, complaints } = open;
    expect(await callTool(page, 'echo', { text: 'out' })).toMatch(/^\{"text":"out"\}\n/);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Token').fill(TOKEN);
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await callTool(page, 'echo', { text: 'in' })).toMatch(/^\{"text":"in"\}\n/);
    expect(complaints).toEqual([]);
  });

  it('is not offered where no credentials are configured; strangers are told what to do', async () => {
    await using gateway = await startGateway({ servers: SERVERS });
    await using proxy = await startProxy(gateway.port, '/gw', { 'x-forwarded-for': '192.0.2.1' });
    await using open = await openPage(browser, `${proxy.url}/docs`);
    const { page } = open;
    await page.getByRole('button', { name: 'Try again' }).waitFor();
    expect(await page.locator('#state').innerText()).toMatch(/machine[^]*auth/);
    expect(await page.locator('form').count()).toBe(0);
  });
});

async function enterToken(page: Page, token: string): Promise<void> {
  await page.getByText('Token', { exact: true }).first().click();
  await page.locator('input[name=token]').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
}
