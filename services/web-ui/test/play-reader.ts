import fc from 'fast-check';
import { expect } from 'vitest';
import { SimAir, SimLocks, SimTime } from './sim-browser.ts';
import { SimNetwork } from './sim-network.ts';
import { C, SimServer } from './sim-server.ts';
import type { SimTurn, Work } from './sim-server.ts';
import { SimTab } from './sim-tab.ts';
import type { SimParts } from './sim-tab.ts';

/** One thing that can happen. Numbers pick among what is there. */
export type Step =
  | { do: 'work'; what: Work; isHalf: boolean }
  | { do: 'let go' | 'show' | 'hear' | 'close' | 'reload' | 'freeze' | 'wake' | 'send'; pick: number }
  | { do: 'say'; pick: number; count: number; isJoined: boolean }
  | { do: 'open'; isShowing: boolean }
  | { do: 'send elsewhere'; kind: 'message' | 'steer' }
  | { do: 'elsewhere' | 'rename' | 'lose redis' | 'sign out' }
  | { do: 'refuse'; pick: number; how: 'broken' | 'unavailable' }
  | { do: 'end line'; pick: number; how: 'cut' | 'dead' | 'lagged' | 'server_shutdown' }
  | { do: 'cut log'; count: number }
  | { do: 'pass'; ms: number };

const pick = fc.nat(20);
const of = <const T extends Step['do']>(...names: T[]) => fc.constantFrom(...names);
/** What any day brings. */
export const HARMLESS: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 12,
    arbitrary: fc.record({
      do: of('work'),
      what: fc.constantFrom<Work[]>(
        'start',
        'start',
        'say',
        'say',
        'say',
        'say',
        'say',
        'say',
        'think',
        'step',
        'complete',
        'fail',
        'cancel',
        'fold',
      ),
      isHalf: fc.boolean(),
    }),
  },
  { weight: 14, arbitrary: fc.record({ do: of('let go', 'let go', 'hear'), pick }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: of('say'),
      pick,
      count: fc.integer({ min: 1, max: 12 }),
      isJoined: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: of('show', 'close', 'reload', 'freeze', 'wake', 'send'), pick }) },
  { weight: 2, arbitrary: fc.record({ do: of('open'), isShowing: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: of('send elsewhere'), kind: fc.constantFrom('message', 'message', 'steer') }),
  },
  { weight: 1, arbitrary: fc.record({ do: of('elsewhere', 'rename') }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: of('end line'),
      pick,
      how: fc.constantFrom('cut', 'dead', 'lagged', 'server_shutdown'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: of('pass'), ms: fc.nat(5000) }) },
];
/** What should not happen, and does. */
export const HARMFUL: fc.WeightedArbitrary<Step>[] = [
  {
    weight: 2,
    arbitrary: fc.record({ do: of('refuse'), pick, how: fc.constantFrom('broken', 'unavailable') }),
  },
  { weight: 2, arbitrary: fc.record({ do: of('cut log'), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ do: of('lose redis') }) },
  { weight: 1, arbitrary: fc.record({ do: of('sign out') }) },
];
export const stepsOf = (...from: fc.WeightedArbitrary<Step>[]): fc.Arbitrary<Step[]> =>
  fc.array(fc.oneof(...from), { minLength: 5, maxLength: 90, size: 'max' });

export interface Seen {
  letters: number;
  shown: number;
  requests: number;
}

const MAX_TABS = 3;
const KEEPALIVE_MS = 3_000;
const TAIL_CHECK_MS = 15_000;
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Three tabs, one server, and what lies between. */
class Stage {
  readonly time = new SimTime();
  readonly server = new SimServer(this.time);
  readonly network = new SimNetwork(this.server);
  readonly #parts: SimParts;
  tabs: SimTab[] = [];
  #names = 0;
  #sent = 0;
  #silentSince = 0;
  #commentedAt = 0;

  constructor() {
    // No jitter that a run could not repeat.
    this.#parts = {
      time: this.time,
      network: this.network,
      locks: new SimLocks(),
      air: new SimAir(),
      random: () => 0.5,
    };
  }

  open(isShowing: boolean): void {
    if (this.living.length >= MAX_TABS) return;
    const tab = new SimTab(this.#parts, `tab-${(this.#names += 1)}`);
    this.tabs.push(tab);
    if (isShowing) tab.show();
    else tab.listen();
  }

  get living(): SimTab[] {
    return this.tabs.filter(({ page }) => !page.isGone);
  }

  pass(ms: number): void {
    for (let left = ms; left > 0; left -= 1_000) {
      this.time.pass(Math.min(left, 1_000));
      if (this.time.now - this.#commentedAt >= KEEPALIVE_MS) {
        this.#commentedAt = this.time.now;
        for (const line of this.network.lines) line.comment();
      }
      if (this.time.now - this.#silentSince >= TAIL_CHECK_MS) {
        this.#silentSince = this.time.now;
        this.server.log.checkTail();
      }
    }
  }

  hear(tab: SimTab, count: number): number {
    return this.#parts.air.deliver(tab.page, count);
  }

  play(now: Step): void {
    const { server, network, living } = this;
    const among = <T>(all: readonly T[]): T | undefined =>
      'pick' in now ? all[now.pick % Math.max(1, all.length)] : undefined;
    const tab = among(living);
    switch (now.do) {
      case 'work':
        return server.work(now.what, now.isHalf);
      case 'let go': {
        const request = among(network.requests);
        return request === undefined ? undefined : network.letGo(request);
      }
      case 'hear':
        return tab === undefined ? undefined : void this.hear(tab, 1 + (now.pick % 4));
      case 'say':
        return among(network.lines)?.say(now.count, now.isJoined);
      case 'open':
        return this.open(now.isShowing);
      case 'show':
        return tab?.page.isFrozen === false ? tab.show() : undefined;
      case 'close':
        return tab?.end();
      case 'reload': {
        const { isShowing = false } = tab ?? {};
        tab?.end();
        return tab === undefined ? undefined : this.open(isShowing);
      }
      case 'freeze':
        if (tab !== undefined) tab.page.isFrozen = true;
        return;
      case 'wake':
        return tab?.page.isFrozen === true ? tab.wake() : undefined;
      case 'send':
        return tab?.isShowing === true && !tab.page.isFrozen && tab.chat.read(C).load === 'ready'
          ? tab.send(`q${(this.#sent += 1)}`)
          : undefined;
      case 'send elsewhere':
        return void server.accept(`e-${(this.#sent += 1)}`, `q${this.#sent}`, now.kind)();
      case 'elsewhere':
        return server.sayElsewhere();
      case 'rename':
        return server.rename(`title ${(this.#sent += 1)}`);
      case 'lose redis':
        return server.loseRedis();
      case 'sign out':
        if (network.isSignedOut) return;
        network.isSignedOut = true;
        return server.signOut();
      case 'refuse': {
        const request = among(network.requests);
        return request === undefined ? undefined : network.refuse(request, now.how);
      }
      case 'end line': {
        const line = among(network.lines);
        if (now.how === 'cut') return line?.cut();
        if (now.how !== 'dead') return line?.farewell(now.how);
        if (line !== undefined) line.isDead = true;
        return;
      }
      case 'cut log':
        return server.log.cutTo(now.count);
      case 'pass':
        return this.pass(now.ms);
    }
  }

  /** What is on the way arrives; nothing else happens. */
  async deliverAll(): Promise<void> {
    for (let isQuiet = false; !isQuiet;) {
      await settle();
      isQuiet = true;
      const [request] = this.network.requests;
      if (request !== undefined) {
        this.network.letGo(request);
        isQuiet = false;
      }
      for (const line of this.network.lines.filter(({ stream, isDead }) => stream.waiting > 0 && !isDead)) {
        line.say(100, true);
        isQuiet = false;
      }
      for (const tab of this.living) if (this.hear(tab, 100) > 0) isQuiet = false;
    }
  }

  async passQuietly(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 1_000) {
      this.pass(1_000);
      await this.deliverAll();
    }
  }

  /** At any moment: of an answer only what was written, from its beginning, without a hole and nothing twice. */
  check(): void {
    // Those that still stand are of nobody: they are refused what they missed.
    if (this.network.isSignedOut) return;
    for (const tab of this.living.filter(({ isShowing }) => isShowing)) {
      for (const shown of tab.chat.read(C).view.turns) {
        const before = tab.longest.get(shown.turnId) ?? 0;
        // What a lost worker had said is stored nowhere.
        if (shown.answer.length < before && shown.status !== 'interrupted')
          throw new Error(`${shown.turnId} had ${before} characters and has "${shown.answer}"`);
        tab.longest.set(shown.turnId, shown.answer.length);
        const turn = this.server.turns.find(({ turnId }) => turnId === shown.turnId);
        if (turn === undefined || shown.answer === turn.answer.slice(0, shown.answer.length)) continue;
        throw new Error(`${shown.turnId} (${shown.status}) shows "${shown.answer}" of "${turn.answer}"`);
      }
    }
  }

  checkAtRest(isLossless: boolean): void {
    this.check();
    if (this.network.isSignedOut) return;
    for (const tab of this.living.filter(({ isShowing }) => isShowing)) {
      const { view, load } = tab.chat.read(C);
      expect(load).toBe('ready');
      const truth = {
        state: this.server.state,
        title: this.server.title ?? undefined,
        turns: this.server.turns.map((turn) => truthOf(turn, isLossless)),
      };
      const turns = view.turns.map(({ turnId, status, question, answer, thinking, steps, foldedInto }) => ({
        turnId,
        status,
        question,
        answer,
        foldedInto,
        ...(isLossless ? { thinking, steps: steps.map(({ name }) => name) } : {}),
      }));
      for (const turn of turns) {
        const whole = truth.turns.find(({ turnId }) => turnId === turn.turnId)?.answer;
        if (turn.status === 'interrupted') turn.answer = whole ?? '';
      }
      const byId = (a: { turnId: string }, b: { turnId: string }) => a.turnId.localeCompare(b.turnId);
      expect({ state: view.state, title: view.title, turns: turns.toSorted(byId) }).toEqual({
        ...truth,
        turns: truth.turns.toSorted(byId),
      });
    }
  }
}

function truthOf(turn: SimTurn, isLossless: boolean) {
  const { turnId, status, question, answer, thinking, steps, foldedInto } = turn;
  return {
    turnId,
    status,
    question,
    answer,
    foldedInto: foldedInto ?? undefined,
    ...(isLossless ? { thinking, steps } : {}),
  };
}

/** Nothing asks for the conversation again when nothing happens. */
const REST_MS = 45_000;
/** Requests of a whole history: some for each thing that happened, and none without end. */
const REQUESTS_PER_STEP = 4;

export async function playSteps(steps: readonly Step[], isLossless = false): Promise<Seen> {
  const stage = new Stage();
  const { server, network } = stage;
  server.accept('first', 'q', 'message')();
  stage.open(true);
  let shown = 0;
  for (const each of steps) {
    stage.play(each);
    await settle();
    stage.check();
    shown += stage.living.filter(({ chat }) => (chat.read(C).view.turns.at(-1)?.answer ?? '') !== '').length;
  }
  server.settle();
  for (const tab of stage.living) if (tab.page.isFrozen) tab.wake();
  await stage.deliverAll();
  server.reconcile();
  await stage.passQuietly(REST_MS);
  // The page says that it failed and has a button.
  for (const tab of stage.living) if (tab.isShowing && tab.chat.read(C).load === 'failed') tab.show();
  await stage.passQuietly(REST_MS);
  stage.checkAtRest(isLossless);
  const { fetch, replay, stream, send } = network.counts;
  expect(fetch + replay + stream + send).toBeLessThan(20 + REQUESTS_PER_STEP * steps.length);
  await stage.passQuietly(REST_MS);
  expect([network.counts.fetch, network.counts.replay]).toEqual([fetch, replay]);
  for (const tab of stage.living) tab.end();
  const letters = server.turns.reduce((sum, turn) => sum + turn.answer.length, 0);
  return { letters, shown, requests: fetch + replay };
}
