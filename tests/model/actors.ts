import { PlatformError } from '@switchyard/kernel';
import { submissionSchema } from '@switchyard/protocol';
import type { Ack } from '@switchyard/protocol';
import { step } from './gates.ts';
import type { Thread } from './gates.ts';
import {
  gateConnection,
  gateGroupedRows,
  gateLocks,
  gateRows,
  gateScripts,
  needsRepair,
} from './gated-parts.ts';
import {
  createAccept,
  createCancel,
  createCompletion,
  createFenceCounter,
  createReaper,
  createEpochKeeper,
  createReconciler,
  turnsConfigSchema,
} from './turns-parts.ts';
import type { AcceptRequest, TurnRows } from './turns-parts.ts';
import { placeOf } from './scenarios.ts';
import { createParts, isAway, runningLimits, startWorker } from './worker-actor.ts';
import { createClock, createNames, LEASE_MS } from './world.ts';
import type { World } from './world.ts';
import { reorder } from './reorder.ts';

const MOST_ATTEMPTS = 3;
const CONFIG = { ...turnsConfigSchema.parse({}), storeWait: 0 };

const failed = (world: World, thread: Thread) => (error: unknown) =>
  world.say(
    `DEFECT: ${thread.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );

export function startActors(world: World): void {
  const ingress = createIngress(world);
  for (const [conversation, messages] of byConversation(world))
    startClient(world, conversation, messages, ingress);
  const isPopFirst = world.scenario.isPopFirst === true;
  startWorker(world, 'W1', isPopFirst);
  startWorker(world, 'W2', !isPopFirst);
  if (world.scenario.isCancelling === true) startCanceller(world);
  startReaper(world, 1);
  startReconciler(world, 1);
}

function byConversation(world: World): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const message of world.scenario.messages) {
    const { conversation } = placeOf(message);
    found.set(conversation, [...(found.get(conversation) ?? []), message]);
  }
  return found;
}

function requestOf(message: string): AcceptRequest {
  const { conversation, user, session, userType, kind } = placeOf(message);
  return {
    identity: { userId: user, userType, sessionId: session, roles: [] },
    conversationId: conversation,
    bundleId: 'hello',
    kind,
    messageId: `m-${message}`,
    text: message,
    submission: submissionSchema.parse({ external_events: [{ type: 'event.user.prompt' }] }),
    attachments: [],
    streamId: 'stream-1',
    requestId: 'r1',
  };
}

type Answer = { readonly ack: Ack } | { readonly refused: string } | 'nothing';
type RowsOf = (thread: Thread) => TurnRows;

/** The rows of the ingress processes: each submission has one of its own, or all go through one that groups. */
function createIngress(world: World): RowsOf {
  if (world.scenario.isGrouping !== true) return (thread) => gateRows(world, thread, world.scope);
  const shared = gateGroupedRows(world, 'I', world.scope);
  return () => shared;
}

/** One submission in a process of its own. Answers `nothing` when it is killed, or when the client waits no longer. */
function submit(
  world: World,
  message: string,
  attempt: number,
  rowsOf: RowsOf,
): { thread: Thread; answer: Promise<Answer> } {
  const thread = world.thread(attempt === 1 ? `I.${message}` : `I.${message}.${attempt}`);
  const scripts = gateScripts(world, () => thread);
  const rows = rowsOf(thread);
  const accept = createAccept({
    ...reorder(world, thread, { scripts, rows }),
    keys: world.keys,
    scope: world.scope,
    config: { ...CONFIG, ...runningLimits(world) },
    clock: createClock(),
    ids: createNames(message, attempt),
  });
  const answer = new Promise<Answer>((resolve) => {
    thread.onKilled = () => resolve('nothing');
    accept(requestOf(message)).then(
      ({ ack }) => resolve({ ack }),
      (error: unknown) => {
        if (!(error instanceof PlatformError)) failed(world, thread)(error);
        const code = error instanceof PlatformError ? error.code : 'defect';
        resolve(isAway(error) ? 'nothing' : { refused: code });
      },
    );
  });
  return { thread, answer };
}

/** Sends a conversation's messages in order, each after the answer to the one before; without an answer it sends again with the same id. */
function startClient(world: World, conversation: string, messages: readonly string[], ingress: RowsOf): void {
  const thread = world.thread(`client.${conversation}`);
  const sendOne = async (message: string): Promise<Answer> => {
    for (let attempt = 1; ; attempt++) {
      const sent = submit(world, message, attempt, ingress);
      const impatient = new Promise<Answer>((resolve) =>
        world.impatience.set(message, () => resolve('nothing')),
      );
      const answer = await Promise.race([sent.answer, impatient]);
      world.impatience.delete(message);
      if (answer !== 'nothing' || attempt === MOST_ATTEMPTS) return answer;
      await step(
        thread,
        `sends ${message} again`,
        () => undefined,
        () => '',
        { canOpen: world.isOwn },
      );
    }
  };
  const send = async (): Promise<void> => {
    for (const message of messages) {
      const answer = await sendOne(message);
      if (answer === 'nothing') continue;
      if ('ack' in answer)
        world.answers.set(message, { turn: answer.ack.turn_id, status: answer.ack.status });
      else world.answers.set(message, { turn: '', status: answer.refused });
      thread.history += `|${message}:${JSON.stringify(world.answers.get(message))}`;
    }
  };
  send().catch(failed(world, thread));
}

function startCanceller(world: World): void {
  const thread = world.thread('C');
  const cancel = createCancel({
    ...reorder(world, thread, {
      scripts: gateScripts(world, () => thread),
      rows: gateRows(world, thread, world.scope),
    }),
    keys: world.keys,
    clock: createClock(),
  });
  const run = async (): Promise<void> => {
    const canOpen = () => world.rows.length > 0;
    await step(
      thread,
      'somebody cancels T1',
      () => undefined,
      () => '',
      { canOpen },
    );
    await cancel({ conversationId: placeOf('T1').conversation, userId: placeOf('T1').user, turnId: 'T1' });
  };
  run().catch((error: unknown) => {
    if (!(error instanceof PlatformError)) failed(world, thread)(error);
  });
}

/** Another one takes over when it is killed. */
function startReaper(world: World, life: number): void {
  const thread = world.thread(life === 1 ? 'RP' : `RP${life}`);
  const clock = createClock();
  const parts = createParts(world, thread, clock);
  const fenceCounter = createFenceCounter();
  thread.onKilled = () => startReaper(world, life + 1);
  const watched: typeof parts.scripts.reap = async (args) => {
    const reply = await parts.scripts.reap(args);
    for (const { taskId, fence } of reply.suspects) {
      if (world.faultsUsed === 0)
        world.say(`SUSPECT: ${taskId} was taken by the reaper though nothing failed`);
      const startedAt = clock.monotonic();
      world.holders.set(fence, {
        thread,
        isHeld: () => !thread.isDead && clock.monotonic() < startedAt + LEASE_MS * 0.8 && !isIdle(thread),
        giveUp: () => clock.pass(LEASE_MS),
      });
    }
    return reply;
  };
  const reap = createReaper(
    { ...parts, scripts: { ...parts.scripts, reap: watched } },
    createCompletion(parts),
    fenceCounter,
  );
  void repeat(world, thread, async () => void (await reap()));
}

/** As its timer does: what a store did not answer is tried again. */
async function repeat(world: World, thread: Thread, work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
    } catch (error) {
      if (isAway(error) || thread.isDead || isLockLoss(error)) continue;
      failed(world, thread)(error);
      return;
    }
  }
}

const isLockLoss = (error: unknown): boolean =>
  error instanceof Error && error.message === 'the advisory lock was lost';

const isIdle = (thread: Thread) => thread.gate?.label.startsWith('script reap') === true;

function startReconciler(world: World, life: number): void {
  const thread = world.thread(life === 1 ? 'RC' : `RC${life}`);
  // Rows count as forgotten at once: the hardest case, since every accept and every end is under way while it looks.
  const parts = createParts(world, thread, createClock(), { lease: 0, reconcileAfter: 0 });
  const key = `turns-reconcile:${world.keys.prefix}`;
  const canOpen = () => world.isOwn() && needsRepair(world) && !world.locks.has(key);
  const reconcile = createReconciler({
    ...parts,
    connection: gateConnection(world, thread),
    completion: createCompletion(parts),
    sql: gateLocks(world, thread, canOpen),
  });
  thread.onKilled = () => startReconciler(world, life + 1);
  void repeat(world, thread, reconcile);
}

/** After the scheduler put another Redis in place: as many keepers as the scenario has, for one lock. */
export function startRebuilds(world: World): void {
  for (let count = 0; count < (world.scenario.keepers ?? 1); count++) startKeeper(world);
}

function startKeeper(world: World): void {
  const life = world.keepers.length + 1;
  const thread = world.thread(life === 1 ? 'RB' : `RB${life}`);
  const parts = createParts(world, thread, createClock(), { lease: 1 });
  const options = {
    ...parts,
    connection: gateConnection(world, thread),
    completion: createCompletion(parts),
    ids: createNames(thread.name, 1),
  };
  const keeper = createEpochKeeper(
    options,
    gateLocks(world, thread, () => true),
  );
  const own = { thread, isWorking: true };
  world.keepers.push(own);
  thread.onKilled = () => startKeeper(world);
  keeper
    .settled()
    .finally(() => (own.isWorking = false))
    .catch(failed(world, thread));
}
