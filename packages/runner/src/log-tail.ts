const MAX_LINES = 50;
const MAX_LINE = 2000;

/** The last lines of a host, for the note on its end. Bounded whatever it writes. */
export class LogTail {
  #lines: string[] = [];
  #partial = '';

  add(line: string): void {
    this.#lines.push(line.slice(0, MAX_LINE));
    if (this.#lines.length > MAX_LINES) this.#lines.splice(0, this.#lines.length - MAX_LINES);
  }

  /** Raw output: cut into lines here; the last one waits for its end. */
  write(chunk: string): void {
    const lines = (this.#partial + chunk).split('\n');
    this.#partial = (lines.pop() ?? '').slice(0, MAX_LINE);
    for (const line of lines.slice(-MAX_LINES)) this.add(line);
  }

  lines(): string[] {
    return this.#partial === '' ? [...this.#lines] : [...this.#lines, this.#partial];
  }
}
