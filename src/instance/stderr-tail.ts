import { StringDecoder } from 'node:string_decoder';

/** Lines kept for the explanation of a failed start. */
const TAIL_LINES = 20;
/** Longest kept part of a line, in characters; a flood without a newline must not grow. */
const MAX_LINE_CHARS = 8192;
/** Lines told per second; a server that floods is kept readable, its tail stays complete. */
const MAX_LINES_PER_SECOND = 50;

/** Drains standard error: keeps the last lines and tells each line, up to a rate. */
export class StderrTail {
  readonly #lines: string[] = [];
  readonly #decoder = new StringDecoder('utf8');
  readonly #tell: (line: string) => void;
  #partial = '';
  #second = 0;
  #told = 0;

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  push(chunk: Buffer): void {
    const parts = (this.#partial + this.#decoder.write(chunk)).split(/\r?\n/);
    this.#partial = (parts.pop() ?? '').slice(0, MAX_LINE_CHARS + 1);
    for (const part of parts) this.#add(cut(part));
  }

  /** The last lines, oldest first, with an unfinished one at the end. */
  lines(): readonly string[] {
    return this.#partial === '' ? [...this.#lines] : [...this.#lines, cut(this.#partial)];
  }

  #add(line: string): void {
    if (line === '') return;
    this.#lines.push(line);
    if (this.#lines.length > TAIL_LINES) this.#lines.shift();
    const second = Math.floor(performance.now() / 1000);
    if (second !== this.#second) {
      const unseen = this.#told - MAX_LINES_PER_SECOND;
      this.#second = second;
      this.#told = 0;
      if (unseen > 0) this.#tell(`(${unseen} more lines not shown)`);
    }
    this.#told += 1;
    if (this.#told <= MAX_LINES_PER_SECOND) this.#tell(line);
  }
}

/** The ellipsis tells the log that a secret may have been cut in two here. */
function cut(line: string): string {
  return line.length > MAX_LINE_CHARS ? `${line.slice(0, MAX_LINE_CHARS)}…` : line;
}
