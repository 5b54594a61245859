import type { FromWidget, ToWidget, WidgetContext, WidgetError } from '@switchyard/protocol';

/** A call that was refused, or that could not be made. */
export class WidgetCallError extends Error {
  readonly status: number;
  /** Stable: `auth.forbidden`, `bundle_error`, ... `widget.timeout` when nothing came back. */
  readonly errorType: string;

  constructor({ status, error_type, message }: WidgetError) {
    super(message);
    this.name = 'WidgetCallError';
    this.status = status;
    this.errorType = error_type;
  }
}

/** The operations that a widget calls: name -> what goes in and what comes out. For types alone. */
export type WidgetOperations = Record<string, { input: unknown; output: unknown }>;

export interface WidgetUpdate {
  /** As `ctx.notify` said it; `stale` when updates may have been missed, so that all must be read again. */
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A widget's line to the page that holds it. */
export interface WidgetBridge<O extends WidgetOperations = WidgetOperations> {
  /** Where it stands, and for whom. What it shows by that is a courtesy: every operation checks for itself. */
  readonly context: WidgetContext;
  readonly theme: 'light' | 'dark';
  /** An operation of this widget's own bundle. Rejects with `WidgetCallError`. */
  callOperation<N extends keyof O & string>(
    name: N,
    ...input: undefined extends O[N]['input'] ? [input?: O[N]['input']] : [input: O[N]['input']]
  ): Promise<O[N]['output']>;
  /** The same for one that says `method: 'GET'`. */
  queryOperation<N extends keyof O & string>(
    name: N,
    ...input: undefined extends O[N]['input'] ? [input?: O[N]['input']] : [input: O[N]['input']]
  ): Promise<O[N]['output']>;
  /** Live updates of this bundle, to the user's session or to the whole project. Returns the way to stop it. */
  onUpdate(handler: (update: WidgetUpdate) => void): () => void;
  /** When the theme or the conversation changes. */
  onContext(handler: (context: WidgetContext) => void): () => void;
  /** Says how high the content is, px, where the page gives it room by its height. */
  resize(heightPx: number): void;
}

const CALL_LIMIT_MS = 120_000;
const HELLO_EVERY_MS = 250;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Connects with the page that holds this widget; resolves when it answered. Sets `data-theme` of the document to the page's theme, now and
 * when it changes. Call it once.
 */
export function connectWidget<O extends WidgetOperations = WidgetOperations>(): Promise<WidgetBridge<O>> {
  const updates = new Set<(update: WidgetUpdate) => void>();
  const contexts = new Set<(context: WidgetContext) => void>();
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let context: WidgetContext | undefined;

  // The page checks which frame a message came from; the frame's own origin is nobody's, so no target could be named.
  const post = (message: FromWidget): void => window.parent.postMessage(message, '*');

  const take = (id: number): Waiting | undefined => {
    const found = waiting.get(id);
    waiting.delete(id);
    if (found !== undefined) clearTimeout(found.timer);
    return found;
  };

  const call = (operation: string, input: unknown, method: 'GET' | 'POST'): Promise<unknown> =>
    new Promise((resolve, reject) => {
      calls += 1;
      const id = calls;
      const message = 'The page did not answer in time.';
      const timer = setTimeout(
        () => take(id)?.reject(new WidgetCallError({ status: 504, error_type: 'widget.timeout', message })),
        CALL_LIMIT_MS,
      );
      waiting.set(id, { resolve, reject, timer });
      post({ v: 1, kind: 'call', id, operation, input, method });
    });

  const listenTo = <T>(set: Set<T>, handler: T): (() => void) => {
    set.add(handler);
    return () => void set.delete(handler);
  };

  const bridge: WidgetBridge<O> = {
    get context() {
      if (context === undefined) throw new Error('the widget is not connected yet');
      return context;
    },
    get theme() {
      return bridge.context.theme;
    },
    callOperation: (name, ...[input]) => call(name, input ?? {}, 'POST'),
    queryOperation: (name, ...[input]) => call(name, input ?? {}, 'GET'),
    onUpdate: (handler) => listenTo(updates, handler),
    onContext: (handler) => listenTo(contexts, handler),
    resize: (height) => post({ v: 1, kind: 'resize', height }),
  };

  return new Promise((resolve) => {
    // The page may hear us before it listens: until it answers, we say it again.
    const hello = setInterval(() => post({ v: 1, kind: 'hello' }), HELLO_EVERY_MS);
    window.addEventListener('message', ({ source, data }: MessageEvent<ToWidget>) => {
      if (source !== window.parent || typeof data !== 'object' || data?.v !== 1) return;
      if (data.kind === 'result') take(data.id)?.resolve(data.value);
      if (data.kind === 'failure') take(data.id)?.reject(new WidgetCallError(data.error));
      if (data.kind === 'update')
        for (const handler of updates) handler({ type: data.type, data: data.data });
      if (data.kind === 'stale') for (const handler of updates) handler({ type: 'stale', data: {} });
      if (data.kind !== 'context') return;
      clearInterval(hello);
      const said = data.context;
      context = said;
      document.documentElement.dataset['theme'] = said.theme;
      for (const handler of contexts) handler(said);
      resolve(bridge);
    });
    post({ v: 1, kind: 'hello' });
  });
}
