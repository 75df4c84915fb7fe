/** What stands above the tools: what this is, where else to go, what is missing. */
import { hasTools, missingIn, serversOf } from './document.js';
import { element } from './element.js';
import { DOCS, get, ROOT } from './gateway.js';

const HOW_TO =
  'The tools of MCP servers, as HTTP requests. Open one, change its arguments, and press Execute: the call is made at once, and can do everything that the tool can.';
/** Sentences that are shown without being asked for. */
const FEW = 3;

/** @returns {Node[]} for a document that was served under `path`, of one server or of all */
export function introduce(document, server, path) {
  return [
    element('h1', {}, server ?? 'All servers'),
    element('p', {}, hasTools(document) ? HOW_TO : 'No tools are offered here.'),
    server === undefined ? links(serversOf(document)) : links([]),
    addresses(server, path),
    ...missing(missingIn(document)),
  ];
}

/** @param {string[]} names of servers; without any the way back to all of them */
export function links(names) {
  const list = element('nav', { className: 'servers' });
  list.setAttribute('aria-label', 'Servers');
  for (const name of names) list.append(element('a', { href: `${DOCS}/${name}` }, name));
  if (names.length === 0) list.append(element('a', { href: DOCS }, 'All servers'));
  return list;
}

function missing(sentences) {
  if (sentences.length === 0) return [];
  const list = element('ul', {}, ...sentences.map((sentence) => element('li', {}, sentence)));
  const summary = element('summary', {}, 'Something is missing');
  return [element('details', { className: 'missing', open: sentences.length <= FEW }, summary, list)];
}

function addresses(server, path) {
  const list = element('dl', { className: 'addresses' });
  const row = (title, ...content) => list.append(element('dt', {}, title), element('dd', {}, ...content));
  const buttons = ['JSON', 'YAML'].flatMap((format) => [
    ' ',
    save(format, `${path}.${format.toLowerCase()}`),
  ]);
  row('OpenAPI', element('code', {}, `${ROOT}${path}.json`), ...buttons);
  if (server !== undefined) row('MCP', element('code', {}, `${ROOT}/${server}/mcp`));
  return list;
}

/** A button, since a link could not bring the credentials along. */
function save(title, path) {
  const button = element(
    'button',
    { type: 'button', className: 'small-button', title: `Save as ${title}` },
    title,
  );
  button.addEventListener('click', async () => {
    try {
      const answer = await get(path);
      if (!answer.ok) throw new Error(`answered with ${answer.status}`);
      const href = URL.createObjectURL(await answer.blob());
      element('a', { href, download: path.slice(path.lastIndexOf('/') + 1) }).click();
      URL.revokeObjectURL(href);
    } catch {
      button.textContent = `${title}: not saved, try again`;
    }
  });
  return button;
}
