/** The texts that the load sends. Ids have seven digits, so that the length of a request never changes. */
const CLIENT = '{"name":"bench","version":"1.0.0"}';
const ENVELOPE =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",' +
  `"io.modelcontextprotocol/clientInfo":${CLIENT},"io.modelcontextprotocol/clientCapabilities":{}},`;
const SOME_ID = '1000000';
/** An ordinary argument. */
const TEXT = 'The quick brown fox jumps over the lazy dog, 64 bytes at a time.';

export const INITIALIZE =
  `{"jsonrpc":"2.0","id":${SOME_ID},"method":"initialize","params":{"protocolVersion":"2025-11-25",` +
  `"capabilities":{},"clientInfo":${CLIENT}}}`;
export const INITIALIZED = '{"jsonrpc":"2.0","method":"notifications/initialized"}';

/** @returns the name and the arguments of the tool that answers with that many bytes; 0 is the echo. */
export function toolFor(bytes) {
  return bytes > 0
    ? { name: 'big', args: `{"bytes":${bytes}}` }
    : { name: 'echo', args: `{"text":"${TEXT}"}` };
}

/** A function from an id to the body of a call. */
export function callBody({ name, args }, modern = false) {
  const before = '{"jsonrpc":"2.0","id":';
  const after = `,"method":"tools/call","params":{${modern ? ENVELOPE : ''}"name":"${name}","arguments":${args}}}`;
  const body = (id) => before + id + after;
  body.bytes = body(SOME_ID).length;
  return body;
}

/** The head of a request with everything but the empty line's successor. */
export function head(method, path, { port, token }, headers, bodyBytes = 0) {
  const lines = [
    `${method} ${path} HTTP/1.1`,
    `host: 127.0.0.1:${port}`,
    ...(token === undefined ? [] : [`authorization: Bearer ${token}`]),
    ...headers,
    ...(bodyBytes > 0 ? ['content-type: application/json', `content-length: ${bodyBytes}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
