/** What came back from a call, for people: the contents of a tool's result, or what went wrong; then the answer as it was sent. */

/** Types that browsers show and that can hold no script. */
const PICTURE = /^image\/(?:png|jpeg|gif|webp|avif|bmp)$/;
const SOUND = /^audio\/(?:mpeg|mp4|aac|ogg|wav|x-wav|webm|flac)$/;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** Pieces of content to show one by one; the rest is in the answer below. Enough for any list worth reading. */
const MAX_BLOCKS = 200;
/** Characters of JSON to indent; more is shown as it came. */
const MAX_INDENTED = 1_000_000;
/** Deepest level to indent to, so that nested brackets do not grow into megabytes of blanks. */
const MAX_INDENT = 40;

export function createResultBody(React) {
  const h = React.createElement;

  function ResultBody({ content, contentType = '' }) {
    const type = contentType.split(';', 1)[0].trim().toLowerCase();
    if (content instanceof Blob) return h(Media, { content, type });
    const text = String(content ?? '');
    const data = parse(text);
    const whole = type.endsWith('json') ? indentJson(text) : text;
    if (isObject(data) && Array.isArray(data.content)) {
      return h(
        'div',
        { className: 'result' },
        data.isError === true && h('p', { className: 'result-failed' }, 'The tool ran, and failed. It says:'),
        ...data.content.slice(0, MAX_BLOCKS).map((block, key) => h(Block, { block, key })),
        data.content.length > MAX_BLOCKS &&
          h('p', null, `And ${data.content.length - MAX_BLOCKS} more, in the whole answer:`),
        h(Whole, { text: whole, open: data.content.length === 0 }),
      );
    }
    if (isObject(data) && typeof data.code === 'string' && typeof data.title === 'string') {
      return h(
        'div',
        { className: 'result' },
        h('p', { className: 'result-failed' }, data.title),
        typeof data.detail === 'string' && data.detail !== data.title && h('p', null, data.detail),
        data.code === 'SESSION_GONE' && h('p', null, 'Press Execute again to go on in a new one.'),
        h(Whole, { text: whole }),
      );
    }
    return h('div', { className: 'result' }, h(Text, { text: whole }));
  }

  function Block({ block }) {
    if (!isObject(block)) return h(Text, { text: JSON.stringify(block) });
    const { type, text, data, mimeType, resource } = block;
    if (type === 'text' && typeof text === 'string') return h(Text, { text });
    if (typeof data === 'string' && typeof mimeType === 'string' && BASE64.test(data)) {
      if (PICTURE.test(mimeType)) return h(Picture, { src: `data:${mimeType};base64,${data}` });
      if (SOUND.test(mimeType)) return h('audio', { controls: true, src: `data:${mimeType};base64,${data}` });
    }
    if (type === 'resource' && isObject(resource) && typeof resource.text === 'string')
      return h(
        React.Fragment,
        null,
        h('p', null, h('code', null, String(resource.uri))),
        h(Text, { text: resource.text }),
      );
    return h(Text, { text: JSON.stringify(block, null, 2) });
  }

  function Media({ content, type }) {
    const [src, setSrc] = React.useState();
    React.useEffect(() => {
      const url = URL.createObjectURL(content);
      setSrc(url);
      return () => URL.revokeObjectURL(url);
    }, [content]);
    if (src === undefined) return null;
    if (PICTURE.test(type)) return h(Picture, { src });
    if (SOUND.test(type)) return h('audio', { controls: true, src });
    return h(
      'p',
      null,
      h('a', { href: src, download: 'result' }, `Save ${content.size} bytes`),
      ` of ${type || 'an unnamed type'}`,
    );
  }

  function Picture({ src }) {
    return h('img', { src, alt: 'A picture that the tool made' });
  }

  function Text({ text }) {
    return h('pre', { className: 'result-text', dir: 'auto', tabIndex: 0 }, text);
  }

  function Whole({ text, open = false }) {
    return h('details', { open }, h('summary', null, 'The whole answer'), h(Text, { text }));
  }

  return ResultBody;
}

/** Lines and blanks only: numbers, escapes and the order of members stay as they were sent. */
export function indentJson(text) {
  if (text.length > MAX_INDENTED) return text;
  let depth = 0;
  let out = '';
  const line = () => `\n${'  '.repeat(Math.min(depth, MAX_INDENT))}`;
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g) ?? [];
  for (const [index, token] of tokens.entries()) {
    if (token === '{' || token === '[') {
      depth += 1;
      out += isClosing(tokens[index + 1]) ? token : token + line();
    } else if (isClosing(token)) {
      depth -= 1;
      out += isOpening(tokens[index - 1]) ? token : line() + token;
    } else if (token === ',') out += token + line();
    else out += token === ':' ? ': ' : token;
  }
  return out;
}

function isOpening(token) {
  return token === '{' || token === '[';
}

function isClosing(token) {
  return token === '}' || token === ']';
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
