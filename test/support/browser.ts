/** A real Chromium, as Debian packages it. A machine without one fails the test: what it would have shown is not known. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
/** Nothing of its own over the network, and no sandbox: tests run as root in containers. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** Longest wait for anything in the page, in milliseconds: machines that run all tests at once are slow. */
const PATIENCE_MS = 60_000;
/** Swagger UI takes each underscore in the address of a tool for a blank of old, and says so; it finds the tool all the same. */
const OF_ADDRESSES = /^Deprecated: escaping deep link whitespace with `_`/;

/** With a fresh profile, which is removed when it is closed. */
export function launchBrowser(): Promise<Browser> {
  if (!existsSync(CHROMIUM)) throw new Error(`tests of the page need ${CHROMIUM}: apt-get install chromium`);
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** A page with a memory of everything that must not happen in it. */
export interface WatchedPage extends AsyncDisposable {
  readonly page: Page;
  /** Errors and warnings on the console, faults, violations of the content security policy, dialogues, payloads that ran, requests elsewhere. */
  readonly complaints: string[];
  /** Requests to the gateway so far, as `METHOD path`. */
  readonly requests: string[];
}

export async function openPage(browser: Browser, url: string, width = 1280): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const complaints: string[] = [];
  const requests: string[] = [];
  const { origin } = new URL(url);
  page.on('console', (message) => {
    const isComplaint = ['error', 'warning'].includes(message.type()) && !OF_ADDRESSES.test(message.text());
    if (isComplaint) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`fault: ${error.message}`));
  page.on('dialog', (dialog) => {
    complaints.push(`dialogue: ${dialog.message()}`);
    void dialog.dismiss();
  });
  // Before the policy of the page could stop it, so nothing is missed.
  context.on('request', (request) => {
    const { origin: to, pathname, protocol } = new URL(request.url());
    if (to === origin) requests.push(`${request.method()} ${pathname}`);
    else if (!['data:', 'blob:'].includes(protocol)) complaints.push(`request: ${request.url()}`);
  });
  await page.exposeFunction('hit', (what: string) => complaints.push(`payload: ${what}`));
  await page.exposeFunction('violated', (what: string) => complaints.push(`violation: ${what}`));
  await page.addInitScript(
    `addEventListener('securitypolicyviolation', (event) => violated(event.violatedDirective + ' ' + event.blockedURI));`,
  );
  await page.goto(url);
  return { page, complaints, requests, [Symbol.asyncDispose]: () => context.close() };
}

/** Opens a tool by the end of its path, with these arguments, and presses Execute. Resolves with what is shown as its result. */
export async function callTool(page: Page, path: string, args?: object): Promise<string> {
  const block = page.locator('.opblock', { has: page.locator(`[data-path$="/${path}"]`) });
  await block.waitFor();
  if ((await block.getAttribute('class'))?.includes('is-open') !== true)
    await block.locator('.opblock-summary-control').click();
  if (args !== undefined) await block.locator('textarea').fill(JSON.stringify(args));
  const clear = block.getByRole('button', { name: 'Clear' });
  if (await clear.isVisible()) await clear.click();
  await block.getByRole('button', { name: 'Execute' }).click();
  return (await block.locator('.live-responses-table .result').innerText()).trim();
}
