import { isEnvelope } from '@switchyard/client';
import type { SendOptions, StreamEvent } from '@switchyard/client';
import type { CommandContext } from './command-spec.ts';
import type { Server } from './server.ts';

export type Message = Omit<SendOptions, 'idempotencyKey' | 'signal'>;

export interface AnswerEnd {
  readonly conversationId: string | undefined;
  readonly followups: readonly string[];
  readonly isFailed: boolean;
  readonly isInterrupted: boolean;
}

interface Progress {
  conversationId: string | undefined;
  followups: string[];
  isFailed: boolean;
  isOpen: boolean;
}

/** Sends one message and writes its answer as it comes. Ctrl-C stops the answer on the server; a second one does not wait for that. */
export async function answerOnce(
  context: CommandContext,
  server: Server,
  message: Message,
): Promise<AnswerEnd> {
  const { output, world } = context;
  const progress: Progress = {
    conversationId: message.conversationId,
    followups: [],
    isFailed: false,
    isOpen: false,
  };
  const given = new AbortController();
  let isInterrupted = false;
  const release = world.onInterrupt(() => {
    const { conversationId } = progress;
    if (isInterrupted || conversationId === undefined) given.abort();
    isInterrupted = true;
    if (conversationId !== undefined)
      void server.chat.conversations.cancel(conversationId).catch(() => given.abort());
  });
  try {
    const question = { ...message, idempotencyKey: world.newId(), signal: given.signal };
    for await (const event of server.chat.ask(question)) {
      if (output.isJson) output.result(event, '');
      observe(context, event, progress);
    }
  } catch (error) {
    if (!given.signal.aborted) throw error;
  } finally {
    release();
    if (progress.isOpen && !output.isJson) output.write('\n');
  }
  const { conversationId, followups, isFailed } = progress;
  return { conversationId, followups, isFailed, isInterrupted };
}

/** The answer goes out, the steps are remarks. */
function observe({ output, world }: CommandContext, { event, data }: StreamEvent, progress: Progress): void {
  if (event === 'ready') progress.conversationId ??= conversationOf(data);
  if (!isEnvelope(data)) return;
  progress.conversationId ??= data.conversation.conversation_id;
  if (event === 'chat_delta' && data.delta?.marker === 'answer') {
    const text = data.delta.text ?? '';
    if (!output.isJson && text !== '') {
      output.write(text);
      progress.isOpen = !text.endsWith('\n');
    }
  }
  if (event === 'chat_step' && !output.isJson && world.stderr.isTTY && data.event.status === 'started') {
    output.note(output.paints.dim(`· ${data.event.title ?? data.event.step}`));
  }
  if (event === 'chat_complete') progress.followups = followupsOf(data.data);
  if (event === 'chat_error') {
    progress.isFailed = true;
    if (output.isJson) return;
    if (progress.isOpen) output.write('\n');
    progress.isOpen = false;
    const { error = 'The answer failed.', error_type: type = '' } = (data.data ?? {}) as Record<
      string,
      string
    >;
    output.note(`${output.paints.red('✗')} ${error}${type === '' ? '' : ` (${type})`}`);
  }
}

function conversationOf(data: unknown): string | undefined {
  const ack = (data as { ack?: { conversation_id?: unknown } } | undefined)?.ack;
  return typeof ack?.conversation_id === 'string' ? ack.conversation_id : undefined;
}

function followupsOf(data: unknown): string[] {
  const followups = (data as { followups?: unknown } | undefined)?.followups;
  return Array.isArray(followups) ? followups.filter((each) => typeof each === 'string') : [];
}
