/** State that a client carries for us between two requests: opaque to it, and refused when a byte of it changed. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** The key lives as long as this object; what another process sealed does not open. */
export class StateSeal {
  readonly #key = randomBytes(32);

  /** URL-safe text. `state` must be plain data. */
  seal(state: object): string {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.#key, iv);
    const sealed = Buffer.concat([cipher.update(JSON.stringify(state)), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
  }

  /** Undefined for anything that this seal did not make. The shape of what it did make is the caller's own. */
  open(token: string): Readonly<Record<string, unknown>> | undefined {
    const bytes = Buffer.from(token, 'base64url');
    if (bytes.length < IV_BYTES + TAG_BYTES || bytes.toString('base64url') !== token) return undefined;
    const decipher = createDecipheriv(ALGORITHM, this.#key, bytes.subarray(0, IV_BYTES));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    try {
      const text = Buffer.concat([
        decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)),
        decipher.final(),
      ]).toString();
      return JSON.parse(text) as Record<string, unknown>;
    } catch {
      return undefined;
    }
  }
}
