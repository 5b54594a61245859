import { PlatformError } from '@switchyard/kernel';
import { submissionSchema } from '@switchyard/protocol';
import type { Ack } from '@switchyard/protocol';
import type { Sql } from '@switchyard/store';
import { step } from './gates.ts';
import type { Thread } from './gates.ts';
import { gateConnection, gateRows, gateScripts } from './gated-parts.ts';
import {
  createAccept,
  createCancel,
  createCompletion,
  createFenceCounter,
  createReaper,
  createReconciler,
  rebuild,
  turnsConfigSchema,
} from './turns-parts.ts';
import type { AcceptRequest } from './turns-parts.ts';
import { createParts, startWorker } from './worker-actor.ts';
import { createClock, createNames, LEASE_MS } from './world.ts';
import type { World } from './world.ts';
import { reorder } from './dropped-rules.ts';

const CONVERSATION = 'c1';
const USER = 'u1';
const MOST_ATTEMPTS = 3;
const CONFIG = { ...turnsConfigSchema.parse({}), storeWait: 0 };

const failed = (world: World, thread: Thread) => (error: unknown) =>
  world.say(
    `DEFECT: ${thread.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
  );

export function startActors(world: World): void {
  startClient(world);
  startWorker(world, 'W1', false);
  startWorker(world, 'W2', true);
  if (world.scenario.isCancelling === true) startCanceller(world);
  startReaper(world, 1);
  startReconciler(world, 1);
}

const requestOf = (message: string): AcceptRequest => ({
  identity: { userId: USER, userType: 'registered', sessionId: 's1', roles: [] },
  conversationId: CONVERSATION,
  bundleId: 'hello',
  kind: message.startsWith('S') ? 'steer' : 'message',
  messageId: `m-${message}`,
  text: message,
  submission: submissionSchema.parse({ external_events: [{ type: 'event.user.prompt' }] }),
  attachments: [],
  streamId: 'stream-1',
  requestId: 'r1',
});

type Answer = { readonly ack: Ack } | { readonly refused: string } | 'nothing';

/** One submission in a process of its own. Answers `nothing` when it is killed, or when the client waits no longer. */
function submit(world: World, message: string, attempt: number): { thread: Thread; answer: Promise<Answer> } {
  const thread = world.thread(attempt === 1 ? `I.${message}` : `I.${message}.${attempt}`);
  const scripts = gateScripts(world, () => thread);
  const rows = gateRows(world, thread, world.scope);
  const accept = createAccept({
    ...reorder(world, thread, { scripts, rows }),
    keys: world.keys,
    scope: world.scope,
    config: CONFIG,
    clock: createClock(),
    ids: createNames(message, attempt),
  });
  const answer = new Promise<Answer>((resolve) => {
    thread.onKilled = () => resolve('nothing');
    accept(requestOf(message)).then(
      ({ ack }) => resolve({ ack }),
      (error: unknown) => {
        if (!(error instanceof PlatformError)) failed(world, thread)(error);
        const isUnknown = error instanceof PlatformError && error.code === 'UNAVAILABLE';
        resolve(isUnknown ? 'nothing' : { refused: error instanceof PlatformError ? error.code : 'defect' });
      },
    );
  });
  return { thread, answer };
}

/** Sends the messages in order, each after the answer to the one before; without an answer it sends again with the same id. */
function startClient(world: World): void {
  const thread = world.thread('client');
  const sendOne = async (message: string): Promise<Answer> => {
    for (let attempt = 1; ; attempt++) {
      const sent = submit(world, message, attempt);
      const impatient = new Promise<Answer>((resolve) => impatience.set(world, () => resolve('nothing')));
      const answer = await Promise.race([sent.answer, impatient]);
      impatience.delete(world);
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
    for (const message of world.scenario.messages) {
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

/** What makes the client of a world stop waiting; only while it waits. */
export const impatience = new WeakMap<World, () => void>();

function startCanceller(world: World): void {
  const thread = world.thread('C');
  const cancel = createCancel({
    scripts: gateScripts(world, () => thread),
    rows: gateRows(world, thread, world.scope),
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
    await cancel({ conversationId: CONVERSATION, userId: USER, turnId: 'T1' });
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
  const run = async (): Promise<void> => {
    for (;;) await reap();
  };
  run().catch(failed(world, thread));
}

const isIdle = (thread: Thread) => thread.gate?.label.startsWith('script reap') === true;

function startReconciler(world: World, life: number): void {
  const thread = world.thread(life === 1 ? 'RC' : `RC${life}`);
  // Rows count as forgotten at once: the hardest case, since every accept and every end is under way while it looks.
  const parts = createParts(world, thread, createClock(), { lease: 0, reconcileAfter: 0 });
  const reconcile = createReconciler({
    ...parts,
    connection: gateConnection(world, thread),
    completion: createCompletion(parts),
    sql: lockless(world.bench.sql),
  });
  thread.onKilled = () => startReconciler(world, life + 1);
  const run = async (): Promise<void> => {
    for (;;) await reconcile();
  };
  run().catch(failed(world, thread));
}

/** There is one reconciler here: its advisory lock is always free. */
function lockless(sql: Sql): Sql {
  const never = new AbortController().signal;
  return { ...sql, tryAdvisoryLock: (_key, run) => run(never) };
}

/** After the scheduler put another Redis in place. Holds the advisory lock as long as it lives. */
export function startRebuild(world: World, life = 1): void {
  const thread = world.thread(life === 1 ? 'RB' : `RB${life}`);
  const parts = createParts(world, thread, createClock(), { lease: 1 });
  thread.onKilled = () => startRebuild(world, life + 1);
  const never = new AbortController().signal;
  const options = {
    ...parts,
    connection: gateConnection(world, thread),
    completion: createCompletion(parts),
    ids: createNames(thread.name, life),
  };
  rebuilding.set(world, thread);
  rebuild(options, () => 8, never)
    .finally(() => rebuilding.delete(world))
    .catch(failed(world, thread));
}

/** The rebuild of a world that is under way. */
export const rebuilding = new WeakMap<World, Thread>();
