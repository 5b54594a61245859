/** What identifies a message to every script that tells or closes it. */
export interface MessageFields {
  readonly task_id: string;
  readonly turn_id: string;
  readonly conversation_id: string;
  readonly session_id: string;
  readonly stream_id: string;
  readonly user: string;
  readonly lane: string;
  readonly frag: string;
}
export interface NewMessageFields extends MessageFields {
  readonly kind: string;
  readonly created: '0' | '1';
  readonly payload: string;
}
/** Tasks of a user on lanes and in flight; more are held. */
export interface RunningLimit {
  readonly running_limit: number;
}
export interface Now {
  readonly now_iso: string;
  readonly now_ms: number;
}
/** Only a rebuild names another run_id than that of its connection. */
export interface Epoch {
  readonly run_id?: string;
}
export interface EnqueueArguments extends NewMessageFields, RunningLimit, Now {
  readonly message: string;
  readonly target_turn_id: string;
  readonly threshold: number;
  readonly queue_factor: number;
  readonly user_limit: number;
  readonly mailbox_limit: number;
}
export interface RequeueArguments extends NewMessageFields, RunningLimit, Now, Epoch {
  readonly fence: string;
  readonly side: 'LPUSH' | 'RPUSH';
}
export interface FinishArguments extends MessageFields, Now, Epoch {
  readonly fence: string;
  readonly message: string;
  readonly event: string;
  readonly data: string;
  readonly closings: string;
  readonly rest: 'idle' | 'error' | '';
  readonly completion: string;
  readonly is_rebuild: '0' | '1';
  readonly folded: readonly string[];
}
export interface CancelArguments extends MessageFields, Now {
  readonly data: string;
  readonly folded: readonly string[];
}
export interface EmitArguments {
  readonly task_id: string;
  readonly fence: string;
  readonly turn_id: string;
  readonly conversation_id: string;
  readonly session_id: string;
  readonly snapshot_mode: 'none' | 'set' | 'append';
  readonly snapshot_text: string;
  readonly snapshot_ms: number;
  readonly events: readonly (string | number)[];
}

export interface ClaimArguments {
  readonly worker_id: string;
  readonly counter: number;
  readonly lease_ms: number;
  readonly wanted: number;
  readonly position: number;
  readonly cycle: readonly string[];
}
export interface StartArguments extends Omit<MessageFields, 'user' | 'lane' | 'frag'> {
  readonly fence: string;
  readonly marker_ms: number;
  readonly events: readonly string[];
}
export interface ReapArguments {
  readonly reaper_id: string;
  readonly counter: number;
  readonly lease_ms: number;
  readonly limit: number;
  readonly lanes: readonly string[];
}
export interface TakeArguments extends Pick<
  MessageFields,
  'task_id' | 'conversation_id' | 'session_id' | 'stream_id' | 'user'
> {
  readonly fence: string;
  readonly item_id: string;
  readonly item_turn_id: string;
  readonly event: string;
  readonly data: string;
}
export interface HeartbeatArguments {
  readonly worker_id: string;
  readonly slots: number;
  readonly busy: number;
  readonly draining: '0' | '1';
  readonly version: string;
  readonly last_poll_ms: number;
  readonly life_ms: number;
}
