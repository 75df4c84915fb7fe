/** Bounds on what a peer may send, each with its unit and its reason. */

/**
 * Containers inside one another in a client's message. Common servers parse and re-serialise recursively and die of
 * a few thousand; no tool schema we know needs more than 20. Not applied to servers: nothing of ours recurses.
 */
export const MAX_CLIENT_DEPTH = 128;

/** Bytes of an id as it stands in the text, quotes included: every pending call keeps a copy. */
export const MAX_ID_BYTES = 1024;

/**
 * Bytes of one line from a server, newline excluded: what one message may hold in memory. 16 MiB carries a 12 MB
 * image as base64.
 */
export const DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024;
