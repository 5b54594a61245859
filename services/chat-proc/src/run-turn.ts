import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { Capabilities } from '@switchyard/capabilities';
import { titleFromMessage } from '@switchyard/protocol';
import type { BundleEvent, TurnInvocation, TurnPart, Usage } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import type { BundleCall, BundleLogLine, ProducedFile, Runner } from '@switchyard/runner';
import type { Conversations } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { RunningTurn, TurnOutcome } from '@switchyard/turns';
import { capabilityUserOf } from './invocations/capability-user.ts';
import { Envelopes } from './envelope.ts';
import type { OutgoingEvent } from './envelope.ts';
import { storeFile } from './store-file.ts';
import type { FileStores } from './store-file.ts';
import { completedOutcome, decideRemainder, failedOutcome, readResult } from './turn-outcome.ts';
import type { WatchdogLimits } from './turn-outcome.ts';
import { TurnRecorder } from './turn-recorder.ts';
import type { StoreUsage } from './usage/store-usage.ts';
import { TurnStopwatch } from './turn-stopwatch.ts';

export interface RunTurnParts {
  runner: Pick<Runner, 'invoke'>;
  capabilities: Capabilities;
  fileStores: FileStores;
  conversations: Pick<Conversations, 'suggestTitle'>;
  storeUsage: StoreUsage;
  clock: Clock;
  log: Log;
  limits: WatchdogLimits;
  /** A part of a turn's time is over; milliseconds. */
  onPart: (part: TurnPart, ms: number) => void;
}

/** One run of a bundle for one turn: what it says becomes events, what it asks is answered, how it ends becomes the outcome. */
export async function runTurn(
  parts: RunTurnParts,
  hold: BundleHold,
  invocation: TurnInvocation,
  turn: RunningTurn,
): Promise<TurnOutcome> {
  const run = new TurnRun(parts, hold, invocation, turn);
  try {
    return await run.toEnd();
  } catch (error) {
    run.tell(error);
    return failedOutcome(error, turn.signal, run.recorder, parts.limits);
  } finally {
    await run.settled();
  }
}

class TurnRun {
  readonly recorder: TurnRecorder;
  readonly #parts: RunTurnParts;
  readonly #hold: BundleHold;
  readonly #invocation: TurnInvocation;
  readonly #turn: RunningTurn;
  readonly #envelopes: Envelopes;
  readonly #log: Log;
  readonly #stopwatch: TurnStopwatch;
  /** What goes on beside the stream, as storing titles: a slow database must not hold up words. */
  readonly #pending: Promise<void>[] = [];
  #untoldTitle: string | undefined;
  /** Ends what the bundle asked for and did not wait for, however the turn ends. */
  readonly #over = new AbortController();

  constructor(parts: RunTurnParts, hold: BundleHold, invocation: TurnInvocation, turn: RunningTurn) {
    const { payload } = turn.task;
    const { versionId } = hold.version;
    const now = (): number => parts.clock.now();
    this.#parts = parts;
    this.#hold = hold;
    this.#invocation = invocation;
    this.#turn = turn;
    this.#envelopes = new Envelopes(payload, now);
    this.recorder = new TurnRecorder(now, versionId);
    this.#log = parts.log.child({
      conversation_id: payload.conversation_id,
      turn_id: payload.turn_id,
      version_id: versionId,
    });
    this.#stopwatch = new TurnStopwatch(parts.clock, turn.timing, (part, ms) => {
      parts.onPart(part, ms);
      this.recorder.time(this.#stopwatch.timing);
    });
    this.recorder.time(turn.timing);
    const { queue_ms: queueMs, claim_ms: claimMs } = turn.timing;
    if (queueMs !== undefined) parts.onPart('queue', queueMs);
    if (claimMs !== undefined) parts.onPart('claim', claimMs);
  }

  async toEnd(): Promise<TurnOutcome> {
    this.#untoldTitle = this.#titleOfMessage();
    const returned = await this.#parts.runner.invoke(this.#hold.version, {
      kind: 'turn',
      payload: this.#invocation,
      signal: this.#turn.signal,
      onEvent: (event, file) => this.#hear(event, file),
      onCall: (call) => this.#answer(call),
      onLog: (line) => this.#write(line),
    });
    const result = readResult(returned);
    const { rest, isDropped } = decideRemainder(this.recorder.answer, result.final_answer);
    if (isDropped) this.#log.warn('returned answer does not go on from the streamed one');
    if (rest !== '') await this.#say({ kind: 'delta', text: rest, marker: 'answer' });
    if (result.followups !== undefined) await this.#sayFollowups(result.followups);
    this.#tellTitle();
    return completedOutcome(result, this.recorder, this.#envelopes.closings());
  }

  /** Waits for what runs beside the turn. Never rejects. */
  async settled(): Promise<void> {
    this.#over.abort(PlatformError.of('CANCELLED', 'The turn is over.'));
    await Promise.all(this.#pending);
  }

  tell(error: unknown): void {
    const isAborted = this.#turn.signal.aborted;
    if (isAborted) this.#log.info('turn aborted', { reason: String(this.#turn.signal.reason) });
    else this.#log.warn('turn failed', { reason: describeFailure(error), error });
  }

  async #hear(event: BundleEvent, file: ProducedFile | undefined): Promise<void> {
    if (event.kind === 'file') return this.#sayFile(event, file);
    if (event.kind === 'usage') this.#keepUsage(event.usage, 'bundle');
    return this.#say(event);
  }

  async #say(event: BundleEvent): Promise<void> {
    const out = this.#envelopes.fromBundle(event);
    const isFirstPiece = event.kind === 'delta' && event.marker === 'answer' && this.recorder.answer === '';
    this.#stopwatch.onWord(isFirstPiece);
    this.recorder.take(event);
    if (event.kind === 'title') this.#storeTitle(event.title, 'bundle');
    await this.#emit(out);
    if (isFirstPiece) this.#stopwatch.onRelayed();
  }

  async #sayFile(
    event: Extract<BundleEvent, { kind: 'file' }>,
    file: ProducedFile | undefined,
  ): Promise<void> {
    this.recorder.requireRoomForFile();
    const { fileStores } = this.#parts;
    const index = this.recorder.files.length;
    this.recorder.takeFile(await storeFile(fileStores, this.#turn.task.payload, event, file, index));
    await this.#emit(this.#envelopes.files(this.recorder.files));
  }

  /** Clients look for followups among the steps, so returned ones are told there too; once. */
  async #sayFollowups(items: string[]): Promise<void> {
    const isSaid = items.length === 0 || items.join('\n') === this.recorder.followups.join('\n');
    if (!isSaid) await this.#say({ kind: 'followups', items });
  }

  async #emit(out: OutgoingEvent): Promise<void> {
    this.#tellTitle();
    const { delta } = out.data;
    await this.#turn.emit(delta?.marker === 'answer' ? { ...out, answerAdds: delta.text } : out);
  }

  /** A turn that is over has nobody to tell; the call of the model goes on either way. */
  async #sayUsage(usage: Usage): Promise<void> {
    this.#keepUsage(usage, 'platform');
    await this.#say({ kind: 'usage', usage }).catch((error: unknown) =>
      this.#log.warn('usage could not be told', { usage, error }),
    );
  }

  #keepUsage(usage: Usage, source: 'platform' | 'bundle'): void {
    this.#log.info('turn used a model', { usage, source });
    const { version } = this.#hold;
    const { conversation_id: conversationId, turn_id: turnId, user } = this.#invocation;
    const { bundleId, versionId } = version;
    const usedFor = { userId: user.user_id, bundleId, versionId, conversationId, turnId };
    this.#beside('usage of a model could not be stored', this.#parts.storeUsage(usage, source, usedFor));
  }

  async #answer(call: BundleCall): Promise<unknown> {
    if (call.target === 'mailbox') {
      if (call.method === 'peek') return this.#turn.peek();
      if (call.method === 'take') return this.#turn.take();
      throw PlatformError.of('CAPABILITY_DENIED', `There is no mailbox.${call.method}.`);
    }
    // Before it is made: a call that is not in the log never happened (02, recovery).
    if (this.#parts.capabilities.hasSideEffects(call)) await this.#turn.noteEffect();
    const { version, manifest } = this.#hold;
    const caller = {
      bundleId: version.bundleId,
      versionId: version.versionId,
      user: capabilityUserOf(this.#invocation.user),
      sessionId: this.#turn.task.payload.session_id,
      signal: AbortSignal.any([this.#turn.signal, this.#over.signal]),
      httpHosts: manifest.httpHosts,
      ...(manifest.webScope === undefined ? {} : { webScope: manifest.webScope }),
      secretNames: manifest.secrets,
      onUsage: (usage: Usage) => this.#sayUsage(usage),
    };
    return this.#parts.capabilities.call(caller, manifest.capabilities, call);
  }

  /**
   * A conversation without a title takes the words of its first message; a bundle's own title replaces it later. A new one has
   * it from the statement that opened it, so only its streams are told.
   */
  #titleOfMessage(): string | undefined {
    const { title, is_new: isNew } = this.#invocation.conversation;
    if (title !== undefined) return undefined;
    const suggested = titleFromMessage(this.#invocation.message);
    if (suggested !== undefined && !isNew) this.#storeTitle(suggested, 'message');
    return suggested;
  }

  /** Goes out in one batch with whatever is said first, so that it costs the first word no round trip of its own. */
  #tellTitle(): void {
    const title = this.#untoldTitle;
    if (title === undefined) return;
    this.#untoldTitle = undefined;
    this.#beside(
      'conversation title could not be emitted',
      this.#turn.emit({ ...this.#envelopes.title(title), isPlatform: true }),
    );
  }

  #storeTitle(title: string, source: 'bundle' | 'message'): void {
    const { conversation_id: id } = this.#invocation;
    const stored = this.#parts.conversations.suggestTitle(id, title, source);
    this.#beside('conversation title could not be stored', stored);
  }

  #beside(failure: string, work: Promise<unknown>): void {
    const done = work.then(
      () => undefined,
      (error: unknown) => this.#log.warn(failure, { error }),
    );
    this.#pending.push(done);
  }

  #write(line: BundleLogLine): void {
    this.#log[line.level]('bundle wrote', { text: line.text });
  }
}
