import { isEnvelope, resyncTurns, viewOfStored } from '@switchyard/client';
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
  /** Answers the message. */
  turnId: string | undefined;
  /** What has been written of the answer. */
  text: string;
  hasEnded: boolean;
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
    turnId: undefined,
    text: '',
    hasEnded: false,
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
    if (!progress.hasEnded && !given.signal.aborted) await readEnd(context, server, progress);
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
  if (event === 'ready') {
    progress.conversationId ??= ackField(data, 'conversation_id');
    progress.turnId ??= ackField(data, 'queued_turn_id') ?? ackField(data, 'turn_id');
  }
  if (event === 'resync') {
    const told = resyncTurns(data).find((turn) => turn.turn_id === progress.turnId);
    if (told !== undefined) writeRest(output, told.answer_so_far, progress);
  }
  if (!isEnvelope(data)) return;
  if (data.type === 'event.continuation.consumed') progress.turnId = stringOf(data.data?.['turn_id']);
  progress.conversationId ??= data.conversation.conversation_id;
  if (event === 'chat_delta' && data.delta?.marker === 'answer') {
    write(output, data.delta.text ?? '', progress);
  }
  if (event === 'chat_step' && !output.isJson && world.stderr.isTTY && data.event.status === 'started') {
    output.note(output.paints.dim(`· ${data.event.title ?? data.event.step}`));
  }
  if (event === 'chat_complete') {
    progress.hasEnded = true;
    progress.followups = followupsOf(data.data);
    writeRest(output, stringOf(data.data?.['final_answer']) ?? '', progress);
  }
  if (event === 'chat_error') {
    progress.hasEnded = true;
    tellFailure(output, data.data, progress);
  }
}

type Output = CommandContext['output'];

function write(output: Output, text: string, progress: Progress): void {
  if (output.isJson || text === '') return;
  output.write(text);
  progress.text += text;
  progress.isOpen = !text.endsWith('\n');
}

/** Where words were lost on the way, or the end was: of the whole answer what has not been written. */
function writeRest(output: Output, whole: string, progress: Progress): void {
  if (whole.startsWith(progress.text)) write(output, whole.slice(progress.text.length), progress);
}

function tellFailure(output: Output, data: Record<string, unknown> | undefined, progress: Progress): void {
  progress.isFailed = true;
  if (output.isJson) return;
  if (progress.isOpen) output.write('\n');
  progress.isOpen = false;
  const type = stringOf(data?.['error_type']) ?? '';
  const error = stringOf(data?.['error']) ?? 'The answer failed.';
  output.note(`${output.paints.red('✗')} ${error}${type === '' ? '' : ` (${type})`}`);
}

/** The answer ended in what was lost: it is stored. */
async function readEnd({ output }: CommandContext, server: Server, progress: Progress): Promise<void> {
  const { conversationId, turnId } = progress;
  if (conversationId === undefined) return;
  const { turns } = viewOfStored(await server.chat.conversations.fetch(conversationId));
  const own = turns.find((turn) => turn.turnId === turnId);
  const answering =
    own?.foldedInto === undefined ? own : turns.find((turn) => turn.turnId === own.foldedInto);
  if (answering === undefined) return;
  writeRest(output, answering.answer, progress);
  progress.followups = [...answering.followups];
  const { error } = answering;
  if (error !== undefined)
    tellFailure(output, { error: error.message, error_type: error.errorType }, progress);
}

const stringOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

function ackField(data: unknown, field: string): string | undefined {
  return stringOf((data as { ack?: Record<string, unknown> } | undefined)?.ack?.[field]);
}

function followupsOf(data: unknown): string[] {
  const followups = (data as { followups?: unknown } | undefined)?.followups;
  return Array.isArray(followups) ? followups.filter((each) => typeof each === 'string') : [];
}
