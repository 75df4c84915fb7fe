/** `/docs` and `/docs/{server}`: asks for the document, for credentials where it must, and shows what may be called. */
import { needsSession, toReadable } from './document.js';
import { element } from './element.js';
import { authorizeWith, DOCS, get, ROOT } from './gateway.js';
import { introduce, links } from './intro.js';
import { keepVisible } from './plain-text.js';
import { signInForm } from './sign-in.js';
import { showDocument } from './swagger.js';

const bar = part('who');
const intro = part('intro');
const state = part('state');
const tools = part('tools');

/** Ways of signing in, and whether one must be taken first. */
const signIn = new Set(document.documentElement.dataset.signIn.split(' '));
/** Who is signed in, in a word to show; undefined without credentials. */
let who;
/** Of the newest visit: what an older one still waits for is not shown. */
let visits = 0;
let shownPath;

for (const node of [intro, state, tools]) keepVisible(node);
part('home').href = DOCS;
// Browsers look it up again, from there, when the address changes.
const icon = document.querySelector('link[rel=icon]');
icon.href = String(icon.href);
document.addEventListener('click', stayInPage);
// A fragment names an operation of the page that is open.
addEventListener('popstate', () => location.pathname !== shownPath && void visit());
followColorScheme();
void visit();

/** Shows what the address names. */
async function visit(complaint) {
  visits += 1;
  const mine = visits;
  shownPath = location.pathname;
  const server = serverInAddress();
  document.title = server === undefined ? 'mcp-gateway' : `${server} · mcp-gateway`;
  clear();
  if (who === undefined && signIn.has('required')) return askFor(complaint);
  state.append(
    element(
      'p',
      { className: 'waiting' },
      server === undefined ? 'Asking the servers what they offer …' : `Asking ${server} what it offers …`,
    ),
  );
  try {
    const path = server === undefined ? '/api/openapi' : `/api/${encodeURIComponent(server)}/openapi`;
    const answer = await get(`${path}.json`);
    const body = await answer.json();
    const sessionId = answer.ok && needsSession(body) ? await newSessionId() : undefined;
    if (mine !== visits) return;
    clear();
    if (answer.ok) show(body, server, path, sessionId);
    else if (answer.status === 401 && who !== undefined) refuse(complaint);
    else
      tell(
        answer.status === 404
          ? 'There is nothing here, or not for you.'
          : (body.title ?? 'That did not work.'),
        body.detail,
      );
  } catch {
    if (mine !== visits) return;
    clear();
    tell('The gateway does not answer.', 'It may be stopping or starting; try again in a moment.');
  }
}

function show(document, server, path, sessionId) {
  showWho();
  intro.append(...introduce(document, server, path));
  const place = element('div');
  tools.append(place);
  showDocument(place, toReadable(document, { root: ROOT, sessionId }));
}

function refuse(complaint) {
  forget();
  askFor(complaint);
}

function forget() {
  who = undefined;
  authorizeWith(undefined);
}

function askFor(complaint) {
  state.append(
    signInForm(
      { basic: signIn.has('basic'), bearer: signIn.has('bearer') },
      complaint,
      (authorization, name) => {
        who = name;
        authorizeWith(authorization);
        void visit('These credentials are not accepted.');
      },
    ),
  );
  state.querySelector('fieldset:enabled input')?.focus();
}

function showWho() {
  if (who === undefined && !signIn.has('basic') && !signIn.has('bearer')) return;
  const button = element(
    'button',
    { type: 'button', className: 'small-button' },
    who === undefined ? 'Sign in' : 'Sign out',
  );
  button.addEventListener('click', () => {
    if (who === undefined) {
      clear();
      askFor();
    } else {
      forget();
      void visit();
    }
  });
  bar.append(...(who === undefined ? [] : [element('span', {}, `Signed in with ${who}`)]), button);
}

async function newSessionId() {
  const answer = await get('/api/sessionid');
  return (await answer.json()).sessionId;
}

function tell(title, detail) {
  const again = element('button', { type: 'button', className: 'main-button' }, 'Try again');
  again.addEventListener('click', () => void visit());
  const more = detail === undefined || detail === title ? [] : [element('p', {}, detail)];
  const back = serverInAddress() === undefined ? [] : [links([])];
  state.append(element('h2', {}, title), ...more, ...back, again);
}

function clear() {
  for (const node of [bar, intro, state, tools]) node.replaceChildren();
}

/** Links inside the page do not load it anew, so credentials need not be entered again. */
function stayInPage(event) {
  const link = event.target.closest?.('a[href]');
  if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const { origin, pathname, hash } = new URL(link.href);
  if (origin !== location.origin || hash !== '' || !(pathname === DOCS || pathname.startsWith(`${DOCS}/`)))
    return;
  event.preventDefault();
  history.pushState(null, '', link.href);
  scrollTo(0, 0);
  void visit();
}

function serverInAddress() {
  try {
    return decodeURIComponent(location.pathname.slice(DOCS.length).replaceAll('/', '')) || undefined;
  } catch {
    return undefined;
  }
}

/** Swagger UI has dark colours and leaves it to the page when to use them. */
function followColorScheme() {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);
  dark.addEventListener('change', follow);
  follow();
}

function part(id) {
  return document.getElementById(id);
}
