import { openAsBlob } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { answerOnce } from '../answer-once.ts';
import { chatOnTerminal } from '../chat-on-terminal.ts';
import { textOption } from '../command-spec.ts';
import type { CommandSpec } from '../command-spec.ts';
import { EXIT_CODES, UsageError } from '../exit-codes.ts';

export const chat: CommandSpec = {
  name: 'chat',
  summary: 'Send a message and see the answer as it comes',
  details:
    'With a message, or one from a pipe, the answer goes to the standard output and the command ends; without one a conversation begins. Ctrl-C stops the answer on the server; at the prompt it ends the conversation. With --json every event of the answer is one line.',
  arguments: [{ name: '[message...]', description: 'the message; without one a conversation begins' }],
  options: [
    { flags: '-b, --bundle <id>', description: 'the bundle that answers (the default one)' },
    { flags: '-c, --conversation <id>', description: 'go on with this conversation' },
    { flags: '-a, --attach <file>', description: 'a file that goes with the message' },
  ],
  examples: [
    ['chat "What is a lane?"', 'one answer of the default bundle'],
    ['chat --bundle weather', 'a conversation'],
    ['chat --bundle weather --json < question.txt', 'every event of the answer as JSON'],
  ],
  async run(context) {
    const { args, options, output, server, world } = context;
    const at = await server();
    const target = {
      bundleId: textOption(options, 'bundle'),
      conversationId: textOption(options, 'conversation'),
    };
    if (args.length === 0 && world.stdin.isTTY) return chatOnTerminal(context, at, target);
    const message = args.length > 0 ? args.join(' ') : (await text(world.stdin)).trim();
    if (message === '') throw new UsageError('There is no message.');
    const attached = textOption(options, 'attach');
    const attachments = attached === undefined ? undefined : [await fileOf(world.cwd, attached)];
    const end = await answerOnce(context, at, { ...target, message, attachments });
    if (!output.isJson) output.note(output.paints.dim(`conversation ${end.conversationId ?? '?'}`));
    return end.isInterrupted ? EXIT_CODES.interrupted : end.isFailed ? EXIT_CODES.refused : EXIT_CODES.ok;
  },
};

async function fileOf(cwd: string, named: string) {
  const file = path.resolve(cwd, named);
  try {
    return { filename: path.basename(file), blob: await openAsBlob(file) };
  } catch {
    throw new UsageError(`There is no file ${file}.`);
  }
}
