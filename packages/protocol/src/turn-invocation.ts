import type { Attachment, ExternalEvent } from './submission.ts';
import type { InvocationUser } from './invocation-payload.ts';

/** One finished exchange of the conversation's past. */
export interface HistoryTurn {
  turn_id: string;
  user: string;
  assistant: string;
  created_at: string;
}

/** What a bundle is given to answer one turn. Travels as JSON over the host channel. */
export interface TurnInvocation {
  turn_id: string;
  conversation_id: string;
  bundle_id: string;
  message: string;
  events: ExternalEvent[];
  attachments: Attachment[];
  /** Newest last, bounded. */
  history: HistoryTurn[];
  user: InvocationUser;
  conversation: { title?: string; is_new: boolean };
}

/** What `executeCore` returned. */
export interface TurnResult {
  final_answer: string;
  followups?: string[];
  [key: string]: unknown;
}

/** One mailbox item as a bundle sees it. */
export interface ContinuationItem {
  kind: 'followup' | 'steer';
  turn_id: string;
  message: string;
  events: ExternalEvent[];
  attachments: Attachment[];
}
