import { StringDecoder } from 'node:string_decoder';

/** As `coglet/logs.py` writes it. */
const END_MARK = '\u001EEND';
const MAX_LINE_CHARACTERS = 16 * 1024;
const MAX_PREFIX_CHARACTERS = 140;
const CUT = ' ... [line cut]';
/** The host cuts its own lines to this: they arrive whole, with prefix and mark. */
const MAX_KEPT = MAX_LINE_CHARACTERS + MAX_PREFIX_CHARACTERS + CUT.length;
const PREFIX = /^\[pid=([A-Za-z0-9._@-]{1,128})\] /u;
const END = new RegExp(`\\[pid=([A-Za-z0-9._@-]{1,128})\\] ${END_MARK}$`, 'u');

export interface HostLinesSink {
  /** `id` is undefined for what no prediction's code wrote through Python: C code, children, threads. */
  onLine(id: string | undefined, line: string): void;
  /** This prediction writes nothing more to this pipe. */
  onEnd(id: string): void;
}

/**
 * One output pipe of a host: bytes to lines, each to its prediction. A carriage return ends a line as well. Of an endless line the
 * beginning is kept, so a host that never ends one costs no memory.
 */
export class HostLines {
  readonly #decoder = new StringDecoder('utf8');
  readonly #sink: HostLinesSink;
  #partial = '';
  #last = '';
  #isCut = false;

  constructor(sink: HostLinesSink) {
    this.#sink = sink;
  }

  write(chunk: Buffer): void {
    const parts = this.#decoder.write(chunk).split(/\r\n|\n|\r/u);
    for (const [at, part] of parts.entries()) {
      this.#gather(part);
      if (at < parts.length - 1) this.#line();
    }
  }

  /** The pipe is closed: what has no line end is a line too. */
  end(): void {
    if (this.#partial !== '') this.#line();
  }

  #gather(part: string): void {
    const room = MAX_KEPT - this.#partial.length;
    if (part.length > room) this.#isCut = true;
    this.#partial += part.slice(0, Math.max(0, room));
    // Behind a line that is cut there may stand an end mark.
    if (this.#isCut) this.#last = (this.#last + part).slice(-MAX_PREFIX_CHARACTERS * 2);
  }

  #line(): void {
    const [whole, isCut, last] = [this.#partial, this.#isCut, this.#last];
    this.#partial = this.#last = '';
    this.#isCut = false;
    const end = END.exec(isCut ? last : whole);
    const text = end === null || isCut ? whole : whole.slice(0, end.index);
    // Before an end mark there may be a line of C code that never ended.
    if (end === null || text !== '') this.#tell(isCut ? text + CUT : text);
    if (end?.[1] !== undefined) this.#sink.onEnd(end[1]);
  }

  #tell(line: string): void {
    const prefix = PREFIX.exec(line);
    if (prefix === null) this.#sink.onLine(undefined, line);
    else this.#sink.onLine(prefix[1], line.slice(prefix[0].length));
  }
}
