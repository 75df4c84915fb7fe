/** The command line reaches hashing through the composition root, like everything that is not configuration. */
export { hashSecret } from '../auth/secret-hash.ts';
