/** Bounds on what a peer may send, each with its unit and its reason. */

/**
 * Containers inside one another in a client's message. Common servers parse and re-serialise recursively and die of
 * a few thousand; no tool schema we know needs more than 20. Not applied to servers: nothing of ours recurses.
 */
export const MAX_CLIENT_DEPTH = 128;

/** Messages in one line of a server: each is looked at before anybody else's turn comes. */
export const MAX_SERVER_BATCH = 1000;

/** Bytes of an id as it stands in the text, quotes included: every pending call keeps a copy. */
export const MAX_ID_BYTES = 1024;
