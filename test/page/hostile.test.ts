/** #110, #111: whatever a server says of itself or answers is text on the page: it neither runs, nor loads, nor hides. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, openPage } from '../support/browser.ts';
import { fixture, runs, startGateway } from '../support/gateway.ts';

const SERVERS = { liar: runs(fixture('hostile-texts-server.mjs')) };
/** Elements that no text may become; Swagger UI and the page use others. */
const MADE_OF_TEXT =
  '#tools script, #tools iframe, #tools object, #tools embed, #tools form, #tools style, #tools link, #tools meta, #tools base, ' +
  '#tools a[href^="javascript:"], #tools a[href*="elsewhere"], #tools img[src*="elsewhere"], #tools [onerror], #tools [onload], #tools [ontoggle]';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
}, 60_000);
afterAll(() => browser?.close());

describe('hostile texts', { timeout: 240_000 }, () => {
  it('[fault 110] [fault 111] never run, load or hide: descriptions, schemas, results', async () => {
    await using gateway = await startGateway({ servers: SERVERS });
    await using open = await openPage(browser, `${gateway.url}/docs`);
    const { page, complaints } = open;
    await page.locator('.opblock').first().waitFor();
    const tools = page.locator('.opblock.opblock-post');
    const count = await tools.count();
    // Those of the fixture that can be part of a path; the rest are listed as missing.
    expect(count).toBeGreaterThanOrEqual(5);
    for (let index = 0; index < count; index += 1) await lookAt(page, index);
    expect(complaints.filter((complaint) => !/status of 502/.test(complaint))).toEqual([]);
    expect(await page.locator(MADE_OF_TEXT).count()).toBe(0);
    // Every image that a result shows is data of a type that cannot hold a script.
    const sources = await page
      .locator('#tools img')
      .evaluateAll((images) => images.map((image) => image.getAttribute('src') ?? ''));
    expect(sources.filter((source) => !source.startsWith('data:image/png;base64,'))).toEqual([]);
    const text = await page.locator('#page').evaluate((root) => root.textContent);
    expect(text).toContain(`<script>hit('script')</script>`);
    expect(text).toContain('[press me](javascript:');
    expect(text).toContain(
      String.raw`safe\u{202E}txt.exe\u{202C}\u{200B}\u{2066}\u{AD}\u{E0041}\u{1B}[31m\u{7}end`,
    );
    // The reader's own field aside, which holds what is sent.
    const seen = await page
      .locator('#page :not(textarea)')
      .evaluateAll((elements) =>
        elements
          .flatMap(({ childNodes }) =>
            [...childNodes].flatMap((node) => (node.nodeType === 3 ? node.nodeValue : '')),
          )
          .join(''),
      );
    expect(seen).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b\u00ad]/u);
  });

  it('[fault 110] could not run if the page made markup of them by mistake', async () => {
    await using gateway = await startGateway({ servers: SERVERS });
    await using open = await openPage(browser, `${gateway.url}/docs`);
    const { page, complaints } = open;
    await page.locator('.opblock').first().waitFor();
    expect(complaints).toEqual([]);
    const attempt = (script: string) =>
      page.evaluate(`(() => { try { ${script}; return 'done'; } catch { return 'refused'; } })()`);
    expect(await attempt(`document.body.innerHTML = '<img src=x onerror=hit(1)>'`)).toBe('refused');
    expect(await attempt(`document.write('<script>hit(2)</' + 'script>')`)).toBe('refused');
    expect(await attempt(`document.createElement('script').src = 'https://elsewhere.invalid/x.js'`)).toBe(
      'refused',
    );
    expect(await attempt(`document.createElement('iframe').srcdoc = 'x'`)).toBe('refused');
    expect(await attempt(`setTimeout('hit(3)')`)).toBe('refused');
    await page.evaluate(
      `Object.assign(document.body.appendChild(document.createElement('a')), { href: 'javascript:hit(4)' }).click()`,
    );
    expect(await attempt(`document.body.setAttribute('onclick', 'hit(5)')`)).toBe('refused');
    expect(
      await page.evaluate(`fetch('https://elsewhere.invalid/').then(() => 'sent', () => 'refused')`),
    ).toBe('refused');
    expect(complaints.filter((complaint) => /^(payload|request|dialogue)/.test(complaint))).toEqual([]);
  });
});

/** Opens everything there is to one tool, calls it, and opens the answer. */
async function lookAt(page: Page, index: number): Promise<void> {
  const tool = page.locator('.opblock.opblock-post').nth(index);
  await tool.locator('.opblock-summary-control').click();
  const execute = tool.getByRole('button', { name: 'Execute' });
  await execute.waitFor();
  for (const tab of await tool.getByRole('tab', { name: 'Schema' }).all()) await tab.click();
  await tool.getByRole('button', { name: 'Expand all' }).evaluateAll((buttons) => {
    for (const button of buttons) button.dispatchEvent(new Event('click', { bubbles: true }));
  });
  for (const tab of await tool.getByRole('tab', { name: /Edit Value|Example Value/ }).all())
    await tab.click();
  await execute.click();
  await tool.locator('.live-responses-table .result').waitFor();
  for (const details of await tool.locator('.result details:not([open]) > summary').all())
    await details.click();
  for (const tab of await tool.getByRole('tab', { name: 'Schema' }).all()) await tab.click();
}
