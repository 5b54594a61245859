import { idsOf } from './look.ts';
import type { RowView } from './look.ts';
import { mayRunAgain } from './worker-actor.ts';
import { messageOf, placeOf } from './scenarios.ts';
import type { World } from './world.ts';

/** After every step: what no script and no statement may ever leave behind. */
export function judgeStep(world: World): void {
  const { redis } = world;
  if (!world.isOwn()) return;
  const underWay = [...idsOf(redis.lanes), ...redis.inflight, ...idsOf(redis.held)];
  const places = [...underWay, ...idsOf(redis.mailboxes)];
  for (const id of new Set([...places, ...Object.keys(redis.tasks)])) {
    const count = places.filter((place) => place === id).length;
    if (redis.tasks[id] === undefined) world.say(`PLACE: ${id} is in a list and has no task`);
    else if (count !== 1) world.say(`PLACE: ${id} is in ${count} places`);
  }
  const started = new Set([
    ...Object.keys(redis.markers).map((id) => redis.tasks[id]?.turn ?? id),
    ...world.firstLines.map((line) => line.turn),
  ]);
  for (const id of [...idsOf(redis.lanes), ...idsOf(redis.held), ...idsOf(redis.mailboxes)]) {
    const turn = redis.tasks[id]?.turn ?? id;
    if (started.has(turn) && !mayRunAgain(world, turn, 1))
      world.say(`REQUEUED: ${turn} was started and waits again`);
  }
  judgeConversations(world, underWay);
  judgeUsers(world);
  judgeRows(world);
  judgeEvents(world);
}

/** One turn of a conversation is under way or none; it is the one that the conversation names; nobody waits behind no turn. */
function judgeConversations(world: World, underWay: readonly string[]): void {
  const { redis } = world;
  const turns = new Map<string, string[]>();
  for (const id of underWay) {
    const conversation = redis.tasks[id]?.conversation ?? '';
    turns.set(conversation, [...(turns.get(conversation) ?? []), id]);
  }
  for (const [conversation, ids] of turns)
    if (ids.length > 1) world.say(`OVERLAP: ${ids.join(' and ')} of ${conversation} are both under way`);
  for (const [conversation, { turn }] of Object.entries(redis.conversations)) {
    const isActive = Object.values(redis.tasks).some((task) => task.turn === turn);
    if (turn !== '' && !isActive)
      world.say(`STUCK: conversation ${conversation} names ${turn}, which has no task`);
  }
  for (const [conversation, ids] of Object.entries(redis.mailboxes))
    if ((redis.conversations[conversation]?.turn ?? '') === '')
      world.say(`STUCK: ${ids.join(' ')} waits behind no turn`);
  const running = Object.entries(redis.markers).filter(([id]) => redis.leases[id] !== undefined);
  const busy = running.map(([id]) => redis.tasks[id]?.conversation ?? id);
  if (new Set(busy).size !== busy.length) world.say(`OVERLAP: two started turns of one conversation`);
}

/** No user has more turns on lanes and in flight than he may have running. */
function judgeUsers({ scenario, redis, say }: World): void {
  const counts = new Map<string, number>();
  for (const id of [...idsOf(redis.lanes), ...redis.inflight]) {
    const { user } = placeOf(redis.tasks[id]?.turn ?? 'T');
    counts.set(user, (counts.get(user) ?? 0) + 1);
  }
  for (const [user, count] of counts)
    if (count > (scenario.userRunning ?? count)) say(`CAP: ${count} turns of ${user} are under way`);
}

/** Of a conversation one row runs at most. */
function judgeRows(world: World): void {
  const running = world.rows.filter(({ status }) => status === 'running');
  const conversations = new Set(running.map(({ conversation }) => conversation));
  if (conversations.size !== running.length)
    world.say(`OVERLAP: rows ${running.map(({ turn }) => turn).join(' and ')} run both`);
}

/** What ends a turn for its client. */
function terminalOf({ event, data }: { event: string; data: string }): string | undefined {
  if (event === 'chat_complete') return 'complete';
  if (event === 'chat_error') return `error ${/"error_type":"([^"]+)"/.exec(data)?.[1] ?? ''}`;
  if (event !== 'chat_service') return undefined;
  if (data.includes('"event.continuation.consumed"')) return 'consumed';
  return data.includes('"active_turn_control_no_active_turn"') ? 'skipped' : undefined;
}

/** The logs of this epoch, read as a client reads them. */
function judgeEvents(world: World): void {
  const ended = new Map<string, string>();
  const begun = new Set<string>();
  /** conversation -> the turn that runs. */
  const running = new Map<string, string>();
  for (const entry of world.events) {
    const { event, turn, conversation } = entry;
    const terminal = terminalOf(entry);
    const active = running.get(conversation) ?? '';
    if (terminal !== undefined) {
      if (ended.has(turn)) world.say(`TOLD-TWICE: ${turn}: ${ended.get(turn)}, then ${terminal}`);
      ended.set(turn, terminal);
      if (active === turn) running.set(conversation, '');
    } else if (event === 'chat_start' || event === 'chat_delta') {
      if (ended.has(turn)) world.say(`EVENT-ORDER: ${event} of ${turn} after its end`);
      if (event === 'chat_delta' && active !== turn && begun.has(turn))
        world.say(`EVENT-ORDER: ${turn} while ${active} runs`);
      if (event === 'chat_start') {
        if (begun.has(turn)) world.say(`EVENT-ORDER: two chat_start of ${turn}`);
        if (active !== '') world.say(`EVENT-ORDER: ${turn} starts before the end of ${active}`);
        begun.add(turn);
        running.set(conversation, turn);
      }
    }
  }
}

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  completed: ['complete'],
  folded: ['consumed'],
  cancelled: ['error cancelled', 'skipped'],
  failed: ['error host_lost'],
  interrupted: ['error turn_interrupted'],
  dead: ['error turn_dead'],
};
const MOST_ATTEMPTS = 3;
const REST = new Set(['epoch', 'seen', 'told', 'refused', 'events', 'conversation', 'workers', 'worker']);

/** When nobody has anything to do any more. */
export function judgeEnd(world: World): void {
  const { redis } = world;
  judgeAnswers(world);
  for (const row of world.rows) judgeRow(world, row);
  judgeOrder(world);
  const left = redis.names.filter((name) => !REST.has(name));
  if (left.length > 0) world.say(`LEFT-OVER: ${left.join(' ')}`);
  for (const [conversation, { state, turn }] of Object.entries(redis.conversations)) {
    if (state === 'in_progress') world.say(`STUCK: ${conversation} is in progress under ${turn}`);
    judgeRest(world, conversation, state);
  }
}

/** The client saw the conversation come to rest, as its last own turn ended. */
function judgeRest(world: World, conversation: string, state: string): void {
  const own = world.events.filter((entry) => entry.conversation === conversation);
  const status = own.findLast(({ event }) => event === 'conv_status');
  const shown = status === undefined ? undefined : /"state":"([a-z_]+)"/.exec(status.data)?.[1];
  if (shown !== undefined && shown !== state)
    world.say(`AGREE: the client saw ${shown}, conversation ${conversation} is ${state}`);
  const last = own.findLast((entry) => /^chat_(complete|error)$/.test(entry.event));
  if (last === undefined || world.faultsUsed > 0) return;
  const isBad = last.event === 'chat_error' && !last.data.includes('"error_type":"cancelled"');
  const expected = isBad ? 'error' : 'idle';
  if (state !== expected) world.say(`AGREE: after ${last.event} conversation ${conversation} is ${state}`);
}

function judgeRow(world: World, row: RowView): void {
  const { turn, status } = row;
  const told = world.allEvents
    .filter((entry) => entry.turn === turn)
    .flatMap((entry) => terminalOf(entry) ?? []);
  if (status === 'queued' || status === 'running') {
    world.say(`STUCK: row ${turn} is ${status}, told: ${told.join(', ') || 'nothing'}`);
    return;
  }
  const answer = world.answers.get(messageOf(turn));
  const isDropped = row.kind === 'steer' && answer?.status !== 'external_event_accepted';
  if (told.length === 0 && !isDropped) world.say(`UNTOLD: ${turn} is ${status} and nobody was told`);
  const expected = EXPECTED[status] ?? ['error'];
  for (const word of told)
    if (!expected.includes(word)) world.say(`AGREE: ${turn} was told ${word}, its row is ${status}`);
  const attempts = world.scenario.maxAttempts ?? MOST_ATTEMPTS;
  if (status === 'dead' && world.faultsUsed <= attempts)
    world.say(`DEAD: ${turn} was given up after ${world.faultsUsed} faults`);
  if (status === 'interrupted' && world.faultsUsed === 0)
    world.say(`AGREE: ${turn} was interrupted though nothing failed`);
  judgeWork(world, row);
}

/** What the bundle did, what the log says and what the row says. */
function judgeWork(world: World, { turn, status, folded_into: into }: RowView): void {
  const ran = world.firstLines.some((line) => line.turn === turn);
  if (status === 'completed' && !ran) world.say(`AGREE: ${turn} is completed and never ran`);
  const deltas = world.events.filter((entry) => entry.turn === turn && entry.event === 'chat_delta').length;
  if (status === 'completed' && world.isLogWhole && deltas !== 1)
    world.say(`EVENT-LOST: ${turn} is completed, and its log has ${deltas} of its event`);
  const parent = world.rows.find((other) => other.turn === into);
  if (status === 'folded' && parent?.status === 'completed' && !world.consumed.includes(turn))
    world.say(`LOST: ${turn} was folded into ${parent.turn}, which never saw it and completed`);
  if (status === 'dead' && ran) world.say(`AGREE: ${turn} ran and was given up as never started`);
}

function judgeAnswers(world: World): void {
  for (const [message, { turn, status }] of world.answers) {
    const rows = world.rows.filter((row) => row.message === `m-${message}`);
    const isRefused = turn === '';
    const isNoted = status.startsWith('active_turn_control_');
    if (rows.length > 1) world.say(`LOST: ${message} has ${rows.length} rows`);
    if (!isRefused && !isNoted && rows[0]?.turn !== turn)
      world.say(`LOST: ${message} was acked as ${turn}, its row is ${rows[0]?.turn ?? 'gone'}`);
    const ran = world.consumed.some((own) => messageOf(own) === message);
    if (isRefused && ran) world.say(`REFUSED-RAN: ${message} was answered ${status} and ran`);
  }
}

/** Every message at most once, as a turn or taken; in the order in which they were sent; a steer never as a turn. */
function judgeOrder(world: World): void {
  const messages = world.consumed.map(messageOf);
  if (new Set(messages).size !== messages.length) world.say(`RUN-TWICE: ${world.consumed.join(' ')}`);
  const order = (message: string) => world.scenario.messages.indexOf(message);
  for (const [at, message] of messages.entries())
    for (const earlier of messages.slice(0, at))
      if (placeOf(earlier).conversation === placeOf(message).conversation && order(message) < order(earlier))
        world.say(`ORDER: ${world.consumed.join(' before ')}`);
  for (const { turn } of world.firstLines)
    if (turn.startsWith('S')) world.say(`STEER: ${turn} became a turn`);
}
