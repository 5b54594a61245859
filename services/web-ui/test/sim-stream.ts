import type { LogEntry } from '@switchyard/protocol';
import { compareLogIds, mergeDeltas } from '@switchyard/relay';
import type { LogListener } from './sim-log.ts';
import type { SimServer } from './sim-server.ts';

export interface Frame {
  id?: string;
  event?: string;
  data?: string;
}

export interface StreamQuery {
  lastEventId: string | undefined;
  isReplay: boolean;
  conversationId: string | undefined;
}

type Item =
  | { kind: 'entry'; entry: LogEntry; isCatchUp: boolean }
  | { kind: 'position'; id: string }
  | { kind: 'resync'; from: string };

/** One stream as the relay serves it: what the log holds after its position, then what comes; or a resync. */
export class SimStream implements LogListener {
  readonly #server: SimServer;
  readonly #query: StreamQuery;
  readonly #leave: () => void;
  readonly ready: Frame;
  #items: Item[] = [];
  #position: string;
  #resyncedFrom = '9999999999-0';

  constructor(server: SimServer, query: StreamQuery) {
    this.#server = server;
    this.#query = query;
    const { log } = server;
    this.#position = log.tail;
    const from = query.lastEventId ?? (query.isReplay ? this.#startOfRunning() : undefined);
    this.ready = { event: 'ready', data: '{}', ...(from === undefined ? { id: this.#position } : {}) };
    if (from !== undefined && !log.reachesBackTo(from))
      this.#items.push({ kind: 'resync', from: this.#position });
    else if (from !== undefined) this.#catchUp(from);
    this.#leave = log.listen(this);
  }

  get waiting(): number {
    return this.#items.length;
  }

  close(): void {
    this.#leave();
    this.#items = [];
  }

  onEntry(entry: LogEntry): void {
    if (this.#matches(entry)) this.#items.push({ kind: 'entry', entry, isCatchUp: false });
  }

  /** What was not read yet and is gone now. */
  onCut(): void {
    const isHit = this.#items.some((item) => item.kind === 'entry' && item.isCatchUp);
    if (!isHit) return;
    const live = this.#items.filter((item) => item.kind !== 'entry' || !item.isCatchUp);
    this.#items = [{ kind: 'resync', from: this.#position }, ...live];
  }

  onLost(position: string): void {
    this.#items.push({ kind: 'resync', from: position });
  }

  onPosition(id: string): void {
    this.#items.push({ kind: 'position', id });
  }

  /** The next frames, of at most `count` of what waits; neighbouring deltas among them as one if they are joined. */
  say(count: number, isJoined: boolean): Frame[] {
    const frames: Frame[] = [];
    for (let left = count; left > 0 && this.#items.length > 0; left -= 1) {
      const item = this.#items.shift();
      if (item === undefined) break;
      if (item.kind === 'position') {
        if (!this.#isNews(item.id)) continue;
        this.#position = item.id;
        frames.push({ id: item.id });
      } else if (item.kind === 'resync') frames.push(this.#resync(item.from));
      else {
        const entries = [item.entry];
        const most = isJoined ? left : 1;
        while (entries.length < most && this.#items[0]?.kind === 'entry') {
          const next = this.#items.shift();
          if (next?.kind === 'entry') entries.push(next.entry);
        }
        left -= entries.length - 1;
        frames.push(...this.#write(entries));
      }
    }
    return frames;
  }

  #write(entries: readonly LogEntry[]): Frame[] {
    const aside = entries.filter(
      ({ logId, event }) =>
        !this.#isNews(logId) && event === 'chat_service' && compareLogIds(logId, this.#resyncedFrom) > 0,
    );
    const merged = mergeDeltas(entries.filter(({ logId }) => this.#isNews(logId)));
    this.#position = merged.at(-1)?.logId ?? this.#position;
    return [
      ...aside.map(({ event, data }) => ({ event, data })),
      ...merged.map(({ logId, event, data }) => ({ id: logId, event, data })),
    ];
  }

  #catchUp(from: string): void {
    const { log } = this.#server;
    const all = log.after(from);
    this.#position = from;
    for (const entry of all)
      if (this.#matches(entry)) this.#items.push({ kind: 'entry', entry, isCatchUp: true });
    const last = all.at(-1);
    if (last !== undefined) this.#items.push({ kind: 'position', id: last.logId });
  }

  #resync(from: string): Frame {
    const { running, log } = this.#server;
    const id = [from, log.tail].reduce((a, b) => (compareLogIds(b, a) > 0 ? b : a));
    this.#resyncedFrom = from;
    this.#position = id;
    const told =
      running === undefined
        ? []
        : [
            {
              turn_id: running.turnId,
              conversation_id: 'c-1',
              answer_so_far: running.answer,
              log_id: running.answerId ?? running.startId,
            },
          ];
    return { id, event: 'resync', data: JSON.stringify({ turns: told }) };
  }

  #isNews(id: string): boolean {
    return compareLogIds(id, this.#position) > 0;
  }

  #matches({ conversationId }: LogEntry): boolean {
    const { conversationId: wanted } = this.#query;
    return wanted === undefined || conversationId === '' || conversationId === wanted;
  }

  #startOfRunning(): string | undefined {
    const startId = this.#server.running?.startId;
    if (startId === undefined) return undefined;
    const [epoch = '', seq = ''] = startId.split('-');
    return `${epoch}-${Number(seq) - 1}`;
  }
}
