import { createInterface } from 'node:readline/promises';
import { answerOnce } from './answer-once.ts';
import type { CommandContext } from './command-spec.ts';
import { failureOf } from './exit-codes.ts';
import type { Server } from './server.ts';

export interface ChatTarget {
  readonly bundleId: string | undefined;
  readonly conversationId: string | undefined;
}

/** A conversation at a terminal, until Ctrl-D or Ctrl-C at the prompt. */
export async function chatOnTerminal(
  context: CommandContext,
  server: Server,
  target: ChatTarget,
): Promise<void> {
  const { output, world } = context;
  let { conversationId } = target;
  output.note(output.paints.dim(`${server.url} · Ctrl-C stops an answer, Ctrl-D ends`));
  for (;;) {
    const message = await readMessage(context);
    if (message === undefined) break;
    if (message === '') continue;
    try {
      const end = await answerOnce(context, server, { bundleId: target.bundleId, conversationId, message });
      conversationId = end.conversationId ?? conversationId;
      if (end.followups.length > 0) output.note(output.paints.dim(`  ${end.followups.join(' · ')}`));
    } catch (error) {
      // One message that was refused does not end the conversation.
      output.note(`${output.paints.red('✗')} ${failureOf(error, server.url).text}`);
    }
  }
  world.stderr.write('\n');
  if (conversationId !== undefined) output.note(output.paints.dim(`conversation ${conversationId}`));
}

/** One line; undefined when the person has had enough. An interface for each, so that Ctrl-C is the program's during the answer. */
async function readMessage({ world, output }: CommandContext): Promise<string | undefined> {
  const terminal = createInterface({ input: world.stdin, output: world.stdout });
  const ended = new AbortController();
  terminal.on('close', () => ended.abort());
  try {
    return (await terminal.question(output.paints.bold('> '), { signal: ended.signal })).trim();
  } catch {
    return undefined;
  } finally {
    terminal.close();
  }
}
