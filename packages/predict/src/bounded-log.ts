/** The log of one prediction: its beginning and its end, each up to half of the bound; what lies between is counted. */
export class BoundedLog {
  readonly #half: number;
  #head = '';
  #tail: string[] = [];
  #tailLength = 0;
  #dropped = 0;

  constructor(maxCharacters: number) {
    this.#half = Math.floor(maxCharacters / 2);
  }

  /** Whole lines, each with its line end. */
  add(text: string): void {
    if (this.#tailLength === 0 && this.#head.length + text.length <= this.#half) {
      this.#head += text;
      return;
    }
    this.#tail.push(text);
    this.#tailLength += text.length;
    while (this.#tailLength > this.#half && this.#tail.length > 1) {
      const first = this.#tail.shift() ?? '';
      this.#tailLength -= first.length;
      this.#dropped += first.length;
    }
  }

  get text(): string {
    const gap = this.#dropped === 0 ? '' : `... [${this.#dropped} characters of the log left out]\n`;
    return this.#head + gap + this.#tail.join('');
  }
}
