import type { Ack, ConversationDetails, ConversationTurn, TurnStatus } from '@switchyard/protocol';
import type { SimTime } from './sim-browser.ts';
import { SimLog } from './sim-log.ts';

export const C = 'c-1';

export interface SimTurn {
  readonly turnId: string;
  readonly key: string;
  readonly kind: 'message' | 'steer';
  readonly question: string;
  /** Of the row, which is written before the log tells of it. */
  status: TurnStatus;
  errorType?: string;
  foldedInto: string | null;
  /** All that was written of it. */
  answer: string;
  thinking: string;
  steps: string[];
  /** What its row keeps; a lost worker leaves nothing. */
  stored: string | undefined;
  startId?: string;
  answerId?: string;
}

export type Work = 'start' | 'say' | 'think' | 'step' | 'complete' | 'fail' | 'cancel' | 'lose' | 'fold';

/** Rows, mailbox and worker of one conversation, and the log of its session. A row is written first, then the log tells of it. */
export class SimServer {
  readonly log: SimLog;
  readonly turns: SimTurn[] = [];
  readonly #acks = new Map<string, Ack>();
  #active: SimTurn | undefined;
  #mailbox: SimTurn[] = [];
  /** What rows say and the log does not yet. */
  #owed: (() => void)[] = [];
  state: ConversationDetails['state'] = 'idle';
  title: string | null = null;
  #letters = 0;

  constructor(time: SimTime) {
    this.log = new SimLog(time);
  }

  get running(): SimTurn | undefined {
    return this.#active?.startId === undefined ? undefined : this.#active;
  }

  get position(): string {
    return this.log.position;
  }

  /** The row of a message; what it returns enqueues it and gives the ack. */
  accept(key: string, question: string, kind: SimTurn['kind'] = 'message'): () => Ack | undefined {
    const known = this.#acks.get(key);
    if (known !== undefined) return () => known;
    let turn = this.turns.find((each) => each.key === key);
    if (turn === undefined) {
      const turnId = `t-${this.turns.length + 1}`;
      turn = {
        turnId,
        key,
        kind,
        question,
        status: 'queued',
        foldedInto: null,
        answer: '',
        thinking: '',
        steps: [],
        stored: undefined,
      };
      this.turns.push(turn);
    }
    const row = turn;
    return () => this.#acks.get(key) ?? this.#enqueue(row);
  }

  /** Rows whose enqueuing nobody asked for any more come to their turn all the same. */
  reconcile(): void {
    this.settle();
    for (const turn of this.turns.filter(({ key }) => !this.#acks.has(key))) this.#enqueue(turn);
  }

  #enqueue(turn: SimTurn): Ack | undefined {
    if (turn.kind === 'steer' && this.#active === undefined) {
      this.turns.splice(this.turns.indexOf(turn), 1);
      return undefined;
    }
    const before = this.log.position;
    const active = this.#active;
    if (active === undefined) this.#place(turn);
    else {
      this.#mailbox.push(turn);
      const data = { queued_turn_id: turn.turnId, active_turn_id: active.turnId };
      this.#tell('chat_service', 'event.continuation.accepted', turn.turnId, { data });
    }
    const ack = {
      status: active === undefined ? 'processing_started' : 'external_event_accepted',
      conversation_id: C,
      turn_id: turn.turnId,
      queued_turn_id: active === undefined ? null : turn.turnId,
      last_log_id: before,
    } as Ack;
    this.#acks.set(turn.key, ack);
    return ack;
  }

  #place(turn: SimTurn, completion?: string): void {
    this.#active = turn;
    this.#becomes('in_progress', turn, completion);
  }

  #becomes(state: ConversationDetails['state'], turn: SimTurn, completion?: string): void {
    this.state = state;
    this.#tell('conv_status', 'conv.status', turn.turnId, {
      data: { state, completion, current_turn_id: state === 'in_progress' ? turn.turnId : null },
    });
  }

  /** One step of the worker; `isHalf` leaves what the log has to say of it to the next one. */
  work(what: Work, isHalf: boolean): void {
    this.settle();
    const turn = this.#active;
    if (turn === undefined) return;
    const isRunning = turn.startId !== undefined;
    if (what === 'start' ? isRunning : !isRunning) return;
    this.#do(what, turn);
    if (!isHalf) this.settle();
  }

  /** The log says what it owes. */
  settle(): void {
    for (const tell of this.#owed.splice(0)) tell();
  }

  #do(what: Work, turn: SimTurn): void {
    switch (what) {
      case 'start':
        turn.status = 'running';
        return void this.#owed.push(() => {
          const { logId } = this.#tell('chat_start', 'chat.start', turn.turnId, {
            data: { message: turn.question },
          });
          turn.startId = logId;
        });
      case 'say': {
        const text = this.#letter();
        turn.answer += text;
        turn.answerId = this.#delta(turn, text, 'answer');
        return;
      }
      case 'think': {
        const text = this.#letter();
        turn.thinking += text;
        return void this.#delta(turn, text, 'thinking');
      }
      case 'step': {
        const step = `s${turn.steps.length + 1}`;
        turn.steps.push(step);
        return void this.#tell('chat_step', 'chat.step', turn.turnId, {
          event: { agent: 'a', step, status: 'completed' },
        });
      }
      case 'fold':
        return this.#fold(turn);
      default:
        return this.#end(turn, what);
    }
  }

  #letter(): string {
    return String.fromCodePoint(97 + (this.#letters++ % 26));
  }

  #delta(turn: SimTurn, text: string, marker: 'answer' | 'thinking'): string {
    return this.#tell('chat_delta', 'chat.delta', turn.turnId, {
      delta: { text, marker, index: 0 },
      extra: {},
    }).logId;
  }

  #fold(turn: SimTurn): void {
    const item = this.#mailbox.shift();
    if (item === undefined) return;
    item.status = 'folded';
    item.foldedInto = turn.turnId;
    this.#owed.push(() => this.#consumed(item, turn));
  }

  #consumed(item: SimTurn, into: SimTurn): void {
    const data = { queued_turn_id: item.turnId, turn_id: into.turnId };
    this.#tell('chat_service', 'event.continuation.consumed', item.turnId, { data });
  }

  #end(turn: SimTurn, how: 'complete' | 'fail' | 'cancel' | 'lose'): void {
    turn.status = (
      { complete: 'completed', fail: 'failed', cancel: 'cancelled', lose: 'interrupted' } as const
    )[how];
    if (how !== 'lose') turn.stored = turn.answer;
    if (how !== 'complete')
      turn.errorType = { fail: 'bundle_error', cancel: 'cancelled', lose: 'turn_interrupted' }[how];
    this.#owed.push(() => this.#finish(turn));
  }

  #finish(turn: SimTurn): void {
    if (turn.errorType === undefined) {
      this.#tell('chat_complete', 'chat.complete', turn.turnId, { data: { final_answer: turn.stored } });
    } else {
      const data = { error: 'it broke', error_type: turn.errorType };
      this.#tell('chat_error', 'chat.error', turn.turnId, { data });
    }
    this.#active = undefined;
    const steers = this.#mailbox.filter(({ kind }) => kind === 'steer');
    this.#mailbox = this.#mailbox.filter(({ kind }) => kind === 'message');
    for (const steer of steers) {
      steer.status = 'cancelled';
      steer.errorType = 'cancelled';
      const data = { queued_turn_id: steer.turnId, turn_id: turn.turnId, reason: 'no_active_turn' };
      this.#tell('chat_service', 'active_turn_control_no_active_turn', steer.turnId, { data });
    }
    const next = this.#mailbox.shift();
    if (next !== undefined) return this.#place(next, turn.status);
    const isBad = turn.status === 'failed' || turn.status === 'interrupted';
    this.#becomes(isBad ? 'error' : 'idle', turn, turn.status);
  }

  /** Another conversation of the session has something to say. */
  sayElsewhere(): void {
    this.#tell('conv_status', 'conv.status', 'x-1', { data: { state: 'idle' } }, 'c-2');
  }

  rename(title: string): void {
    this.title = title;
    const turnId = this.turns.at(-1)?.turnId ?? '';
    this.#tell('chat_step', 'chat.conversation.title', turnId, { data: { title } });
  }

  signOut(): void {
    this.#tell('chat_service', 'auth.signed_out', '', {}, '');
  }

  /** Redis is another one. What ran is over, what waited waits. */
  loseRedis(): void {
    this.settle();
    const turn = this.running;
    this.log.beginAnew();
    if (turn === undefined) return;
    this.#end(turn, 'lose');
  }

  details(position: string): ConversationDetails {
    const times = { started_at: null, ended_at: null, feedback: null };
    const turns = this.turns.map((turn): ConversationTurn => ({
      turn_id: turn.turnId,
      status: turn.status,
      created_at: '2026-01-05T10:00:00Z',
      ...times,
      folded_into: turn.foldedInto,
      artifacts: artifactsOf(turn),
    }));
    return {
      user_id: 'u',
      conversation_id: C,
      title: this.title,
      bundle_id: 'b',
      state: this.state,
      started_at: '',
      last_activity_at: '',
      current_turn_id: this.#active?.turnId ?? null,
      last_log_id: position,
      turns,
    };
  }

  #tell(
    event: Parameters<SimLog['append']>[0]['event'],
    type: string,
    turnId: string,
    more: object,
    conversationId = C,
  ) {
    const conversation = { session_id: 's', conversation_id: conversationId, turn_id: turnId };
    const body = {
      type,
      ts: 1,
      timestamp: '',
      conversation,
      event: { agent: 'a', step: 'turn', status: 'running' },
      ...more,
    };
    return this.log.append({ event, conversationId, turnId }, body);
  }
}

function artifactsOf(turn: SimTurn): ConversationTurn['artifacts'] {
  const of = (type: string, text: string, payload: object = {}) => ({
    type,
    ts: '',
    data: { text, payload },
  });
  const artifacts = [of('chat:user', turn.question)];
  if (turn.stored !== undefined) {
    artifacts.push(of('chat:thinking', turn.thinking), of('chat:assistant', turn.stored));
    const items = turn.steps.map((name) => ({ name, status: 'completed', ts: 1 }));
    artifacts.push(of('artifact:conv.steps', '', { items }));
  }
  if (turn.errorType !== undefined)
    artifacts.push(of('artifact:conv.error', 'it broke', { error: 'it broke', error_type: turn.errorType }));
  return artifacts;
}
