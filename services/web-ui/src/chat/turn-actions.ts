import type { Reaction } from '@switchyard/client';

/** What a reader can do with the turns of a conversation. */
export interface TurnActions {
  ask(text: string): void;
  resend(messageId: string): void;
  edit(messageId: string): void;
  discard(messageId: string): void;
  react(turnId: string, reaction: Reaction | undefined): void;
}
