import { ApiError } from '@switchyard/client';
import type { WidgetContext } from '@switchyard/protocol';
import { expect, test, vi } from 'vitest';
import { Notices } from './notices.ts';
import { openWidgetBridge, readMessage } from './widget-bridge.ts';

const CONTEXT: WidgetContext = {
  bundle_id: 'board',
  alias: 'main',
  version: 'v',
  tenant: 't',
  project: 'p',
  user: { user_type: 'registered' },
  theme: 'light',
  locale: 'en',
};

function open(call: (...given: unknown[]) => Promise<unknown>) {
  const said: unknown[] = [];
  const contentWindow = { postMessage: (message: unknown) => void said.push(message) } as unknown as Window;
  let hear: (event: MessageEvent) => void = () => undefined;
  const page = {
    addEventListener: (_type: string, listener: (event: MessageEvent) => void) => void (hear = listener),
    removeEventListener: () => void (hear = () => undefined),
  } as unknown as Pick<Window, 'addEventListener' | 'removeEventListener'>;
  const notices = new Notices();
  const bridge = openWidgetBridge({
    frame: { contentWindow },
    page,
    context: CONTEXT,
    calls: { call },
    notices,
  });
  const from = (source: unknown, data: unknown): void => hear({ source, data } as MessageEvent);
  return { said, notices, bridge, send: (data: unknown) => from(contentWindow, data), from };
}

const callOf = (id: number) => ({ v: 1, kind: 'call', id, operation: 'add', input: { a: 1 } });

test('calls go to the bundle that the frame was opened for, whatever the message says', async () => {
  const call = vi.fn<() => Promise<string>>(async () => 'done');
  const { send, said } = open(call);
  send({ ...callOf(1), bundle_id: 'other', context: { bundle_id: 'other' } });
  await vi.waitFor(() => expect(said).toEqual([{ v: 1, kind: 'result', id: 1, value: 'done' }]));
  expect(call).toHaveBeenCalledExactlyOnceWith(
    'board',
    'add',
    { a: 1 },
    expect.objectContaining({ method: 'POST' }),
  );
});

test('messages of any other window are nobody’s', () => {
  const call = vi.fn<() => Promise<string>>(async () => 'done');
  const { from, said } = open(call);
  from({}, callOf(1));
  from(null, { v: 1, kind: 'hello' });
  expect([call.mock.calls, said]).toEqual([[], []]);
});

test('updates of the own bundle are handed on, those of others are not', () => {
  const { notices, said, bridge } = open(async () => null);
  const event = (bundle_id: string) => ({
    id: undefined,
    event: 'chat_service',
    data: {
      type: 'board.changed',
      conversation: { conversation_id: '', bundle_id },
      event: { step: 'notify' },
      data: { card: 7 },
    },
  });
  notices.onEvent(event('other'));
  notices.onEvent(event('board'));
  notices.onReconnect();
  bridge.close();
  notices.onEvent(event('board'));
  expect(said).toEqual([
    { v: 1, kind: 'update', type: 'board.changed', data: { card: 7 } },
    { v: 1, kind: 'stale' },
  ]);
});

test('more calls at once than allowed are refused, and a refusal says its type', async () => {
  const refused = new ApiError({ status: 403, errorType: 'auth.forbidden', message: 'No.' });
  const never = new Promise<never>(() => undefined);
  const { send, said } = open(() => never);
  for (let id = 1; id <= 17; id += 1) send(callOf(id));
  expect(said).toMatchObject([{ kind: 'failure', id: 17, error: { error_type: 'widget.too_many_calls' } }]);
  const other = open(() => Promise.reject(refused));
  other.send(callOf(1));
  const error = { status: 403, error_type: 'auth.forbidden', message: 'No.' };
  await vi.waitFor(() => expect(other.said).toEqual([{ v: 1, kind: 'failure', id: 1, error }]));
});

test.each([
  undefined,
  'hello',
  { kind: 'hello' },
  { v: 2, kind: 'hello' },
  { v: 1, kind: 'call', id: '1', operation: 'add' },
  { v: 1, kind: 'call', id: 1, operation: '../../admin' },
  { v: 1, kind: 'resize', height: -1 },
  { v: 1, kind: 'context' },
])('%o is no message', (data) => {
  expect(readMessage(data)).toBeUndefined();
});
