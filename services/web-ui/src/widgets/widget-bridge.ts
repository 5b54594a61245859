import { ApiError } from '@switchyard/client';
import type { BundleCalls } from '@switchyard/client';
import type { FromWidget, ToWidget, WidgetContext, WidgetError } from '@switchyard/protocol';
import type { Notices } from './notices.ts';

export interface WidgetBridgeOptions {
  readonly frame: Pick<HTMLIFrameElement, 'contentWindow'>;
  /** Where messages arrive. */
  readonly page: Pick<Window, 'addEventListener' | 'removeEventListener'>;
  readonly context: WidgetContext;
  readonly calls: Pick<BundleCalls, 'call'>;
  readonly notices: Pick<Notices, 'listen'>;
  readonly onHeight?: (heightPx: number) => void;
  /** The widget said hello: its script runs. */
  readonly onReady?: () => void;
}

export interface WidgetBridge {
  /** The theme or the conversation changed. */
  setContext(context: WidgetContext): void;
  close(): void;
}

/** Calls at once of one widget. What is more is refused, so that a loop in a widget does not become a load on the server. */
const MAX_CALLS = 16;
const OPERATION = /^[\w.-]{1,128}$/;

/**
 * The page's end of a widget's line. Only messages of this very frame count: its origin is nobody's and could be anybody's, its window is
 * its own. Whatever the frame says, calls go to the bundle that the frame was opened for.
 */
export function openWidgetBridge(options: WidgetBridgeOptions): WidgetBridge {
  const { frame, page, calls, notices } = options;
  const gone = new AbortController();
  let { context } = options;
  let running = 0;

  const post = (message: ToWidget): void => frame.contentWindow?.postMessage(message, '*');

  async function call({
    id,
    operation,
    input,
    method,
  }: Extract<FromWidget, { kind: 'call' }>): Promise<void> {
    if (running >= MAX_CALLS) return post({ v: 1, kind: 'failure', id, error: TOO_MANY });
    running += 1;
    try {
      const about = { method, conversationId: context.conversation_id, signal: gone.signal };
      post({ v: 1, kind: 'result', id, value: await calls.call(context.bundle_id, operation, input, about) });
    } catch (error) {
      post({ v: 1, kind: 'failure', id, error: describe(error) });
    } finally {
      running -= 1;
    }
  }

  const hear = ({ source, data }: MessageEvent): void => {
    if (source === null || source !== frame.contentWindow) return;
    const message = readMessage(data);
    if (message?.kind === 'hello') {
      options.onReady?.();
      post({ v: 1, kind: 'context', context });
    }
    if (message?.kind === 'call') void call(message);
    if (message?.kind === 'resize') options.onHeight?.(message.height);
  };
  page.addEventListener('message', hear);

  const deaf = notices.listen((notice) => {
    if (notice === 'stale') return post({ v: 1, kind: 'stale' });
    if (notice.bundleId === context.bundle_id)
      post({ v: 1, kind: 'update', type: notice.type, data: notice.data });
  });

  return {
    setContext(next) {
      context = next;
      post({ v: 1, kind: 'context', context });
    },
    close() {
      page.removeEventListener('message', hear);
      deaf();
      gone.abort();
    },
  };
}

const TOO_MANY: WidgetError = {
  status: 429,
  error_type: 'widget.too_many_calls',
  message: `A widget makes ${MAX_CALLS} calls at once at most.`,
};

/** What came is from code of somebody else: nothing of it is believed before it was looked at. */
export function readMessage(data: unknown): FromWidget | undefined {
  if (typeof data !== 'object' || data === null || !('v' in data) || data.v !== 1 || !('kind' in data))
    return undefined;
  if (data.kind === 'hello') return { v: 1, kind: 'hello' };
  if (data.kind === 'resize' && 'height' in data && typeof data.height === 'number' && data.height >= 0)
    return { v: 1, kind: 'resize', height: data.height };
  if (data.kind !== 'call' || !('id' in data) || !('operation' in data)) return undefined;
  const { id, operation } = data;
  if (typeof id !== 'number' || typeof operation !== 'string' || !OPERATION.test(operation)) return undefined;
  const method = 'method' in data && data.method === 'GET' ? 'GET' : 'POST';
  return { v: 1, kind: 'call', id, operation, method, input: 'input' in data ? data.input : {} };
}

function describe(error: unknown): WidgetError {
  if (!(error instanceof ApiError))
    return { status: 0, error_type: 'network_error', message: 'The server could not be reached.' };
  return { status: error.status ?? 0, error_type: error.errorType, message: error.message };
}
