import type { RowView } from './look.ts';
import type { World } from './world.ts';

/** After every step: what no script and no statement may ever leave behind. */
export function judgeStep(world: World): void {
  const { redis } = world;
  if (!world.isOwn()) return;
  const places = [...redis.lane, ...redis.inflight, ...redis.mailbox, ...redis.held];
  for (const id of new Set([...places, ...Object.keys(redis.tasks)])) {
    const count = places.filter((place) => place === id).length;
    if (redis.tasks[id] === undefined) world.say(`PLACE: ${id} is in a list and has no task`);
    else if (count !== 1) world.say(`PLACE: ${id} is in ${count} places`);
  }
  const working = [...redis.lane, ...redis.inflight, ...redis.held];
  if (working.length > 1)
    world.say(`OVERLAP: ${working.join(' and ')} of one conversation are both under way`);
  const started = new Set([
    ...Object.keys(redis.markers).map((id) => redis.tasks[id]?.turn ?? id),
    ...world.firstLines.map((line) => line.turn),
  ]);
  for (const id of [...redis.lane, ...redis.mailbox, ...redis.held]) {
    const turn = redis.tasks[id]?.turn ?? id;
    if (started.has(turn)) world.say(`REQUEUED: ${turn} was started and waits again`);
  }
  const { turn } = redis.conversation;
  const active = Object.values(redis.tasks).some((task) => task.turn === turn);
  if (turn !== '' && !active) world.say(`STUCK: the conversation names ${turn}, which has no task`);
  if (turn === '' && redis.mailbox.length > 0)
    world.say(`STUCK: ${redis.mailbox.join(' ')} waits behind no turn`);
  judgeEvents(world);
}

const MESSAGE_OF = /^[A-Z]\d/;
const messageOf = (turn: string) => MESSAGE_OF.exec(turn)?.[0] ?? turn;

/** What ends a turn for its client. */
function terminalOf({ event, data }: { event: string; data: string }): string | undefined {
  if (event === 'chat_complete') return 'complete';
  if (event === 'chat_error') return `error ${/"error_type":"([^"]+)"/.exec(data)?.[1] ?? ''}`;
  if (event !== 'chat_service') return undefined;
  if (data.includes('"event.continuation.consumed"')) return 'consumed';
  return data.includes('"active_turn_control_no_active_turn"') ? 'skipped' : undefined;
}

/** The log of this epoch, read as a client reads it. */
function judgeEvents(world: World): void {
  const ended = new Map<string, string>();
  const begun = new Set<string>();
  let active = '';
  for (const entry of world.events) {
    const { event, turn } = entry;
    const terminal = terminalOf(entry);
    if (terminal !== undefined) {
      if (ended.has(turn)) world.say(`TOLD-TWICE: ${turn}: ${ended.get(turn)}, then ${terminal}`);
      ended.set(turn, terminal);
      if (active === turn) active = '';
    } else if (event === 'chat_start' || event === 'chat_delta') {
      if (ended.has(turn)) world.say(`EVENT-ORDER: ${event} of ${turn} after its end`);
      if (event === 'chat_delta' && active !== turn && begun.has(turn))
        world.say(`EVENT-ORDER: ${turn} while ${active} runs`);
      if (event === 'chat_start') {
        if (begun.has(turn)) world.say(`EVENT-ORDER: two chat_start of ${turn}`);
        if (active !== '') world.say(`EVENT-ORDER: ${turn} starts before the end of ${active}`);
        begun.add(turn);
        active = turn;
      }
    }
  }
}

const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  completed: ['complete'],
  folded: ['consumed'],
  cancelled: ['error cancelled', 'skipped'],
  interrupted: ['error turn_interrupted'],
  dead: ['error turn_dead'],
};
const REST = new Set(['epoch', 'seen', 'told', 'events', 'conversation', 'workers', 'worker']);

/** When nobody has anything to do any more. */
export function judgeEnd(world: World): void {
  const { redis } = world;
  const isLogWhole = world.events.length === world.allEvents.length;
  judgeAnswers(world);
  for (const row of world.rows) judgeRow(world, row, isLogWhole);
  judgeOrder(world);
  const left = redis.names.filter((name) => !REST.has(name));
  if (left.length > 0) world.say(`LEFT-OVER: ${left.join(' ')}`);
  if (redis.conversation.state === 'in_progress')
    world.say(`STUCK: in progress under ${redis.conversation.turn}`);
  const status = world.events.findLast(({ event }) => event === 'conv_status');
  const shown = status === undefined ? undefined : /"state":"([a-z_]+)"/.exec(status.data)?.[1];
  if (shown !== undefined && shown !== redis.conversation.state)
    world.say(`AGREE: the client saw ${shown}, the conversation is ${redis.conversation.state}`);
  judgeRest(world);
}

/** The conversation rests as its last own turn ended. */
function judgeRest(world: World): void {
  const last = world.events.findLast((entry) => /^chat_(complete|error)$/.test(entry.event));
  if (last === undefined || world.faultsUsed > 0) return;
  const isBad = last.event === 'chat_error' && !last.data.includes('"error_type":"cancelled"');
  const expected = isBad ? 'error' : 'idle';
  if (world.redis.conversation.state !== expected)
    world.say(`AGREE: after ${last.event} the conversation is ${world.redis.conversation.state}`);
}

function judgeRow(world: World, row: RowView, isLogWhole: boolean): void {
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
  if (told.length === 0 && isLogWhole && !isDropped)
    world.say(`UNTOLD: ${turn} is ${status} and nobody was told`);
  const expected = EXPECTED[status] ?? ['error'];
  for (const word of told)
    if (!expected.includes(word)) world.say(`AGREE: ${turn} was told ${word}, its row is ${status}`);
  if (status === 'dead' && world.faultsUsed === 0)
    world.say(`DEAD: ${turn} was given up though nothing failed`);
  if (status === 'interrupted' && world.faultsUsed === 0)
    world.say(`AGREE: ${turn} was interrupted though nothing failed`);
  const ran = world.firstLines.some((line) => line.turn === turn);
  if (status === 'completed' && !ran) world.say(`AGREE: ${turn} is completed and never ran`);
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
  for (let at = 1; at < messages.length; at++) {
    const order = (message: string | undefined) => world.scenario.messages.indexOf(message ?? '');
    if (order(messages[at]) < order(messages[at - 1])) world.say(`ORDER: ${world.consumed.join(' before ')}`);
  }
  for (const { turn } of world.firstLines)
    if (turn.startsWith('S')) world.say(`STEER: ${turn} became a turn`);
}
