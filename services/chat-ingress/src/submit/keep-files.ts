import { hashHex } from '@switchyard/kernel';
import type { Ack, Attachment } from '@switchyard/protocol';
import type { Files } from '@switchyard/store';

/** Rows that let the files be found and keep them from being collected. Their ids follow from the turn, so a retry adds nothing. */
export async function keepFiles(
  files: Pick<Files, 'add'>,
  userId: string,
  turn: Pick<Ack, 'conversation_id' | 'turn_id'>,
  attachments: readonly Attachment[],
): Promise<void> {
  const owner = {
    conversationId: turn.conversation_id,
    turnId: turn.turn_id,
    userId,
    direction: 'attachment',
  } as const;
  for (const [index, attachment] of attachments.entries()) {
    await files.add(`f-${hashHex(`${turn.turn_id}/${index}`).slice(0, 32)}`, owner, attachment);
  }
}
