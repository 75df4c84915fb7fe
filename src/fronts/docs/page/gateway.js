/** The gateway that this page comes from: where it is, and requests to it with what the reader entered. */

/** This file is `…/docs/assets/gateway.js`, whatever a proxy puts before it. Without a slash at the end. */
export const ROOT = new URL('../..', import.meta.url).href.replace(/\/$/, '');

/** Path of the page that shows all servers. */
export const DOCS = new URL(`${ROOT}/docs`).pathname;

/** In memory only: it is gone with the page. */
let authorization;

/** @param {string | undefined} value of the Authorization header */
export function authorizeWith(value) {
  authorization = value;
}

/** RFC 7617, with the user name and password in UTF-8. */
export function basicAuthorization(username, password) {
  const bytes = new TextEncoder().encode(`${username}:${password}`);
  return `Basic ${btoa(String.fromCodePoint(...bytes))}`;
}

/**
 * Makes a request of Swagger UI one to this gateway: ours is the only origin, and the credentials are the reader's. Without `omit` a
 * browser would add what it knows of its own, and open its own dialogue at a 401.
 */
export function authorizeRequest(request) {
  if (!request.url.startsWith(`${ROOT}/api/`)) throw new Error('This page calls no other address.');
  const headers =
    authorization === undefined ? request.headers : { ...request.headers, Authorization: authorization };
  return Object.assign(request, { headers, credentials: 'omit' });
}

/** @param {string} path from `/api/` on */
export function get(path) {
  const { url, ...init } = authorizeRequest({ url: ROOT + path, headers: { Accept: 'application/json' } });
  return fetch(url, init);
}
