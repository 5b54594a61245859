import type { TaskKind, UserType } from '@switchyard/protocol';

/** How often each fault may happen in one schedule. */
export interface Faults {
  /** A worker, the reaper, ingress, the canceller, the reconciler or a rebuild dies for ever between two steps. */
  readonly crashW?: number;
  readonly crashR?: number;
  readonly crashI?: number;
  readonly crashC?: number;
  readonly crashRC?: number;
  readonly crashRB?: number;
  /** The host that runs the bundle dies under a living worker. */
  readonly crashHost?: number;
  /** A holder does nothing for longer than its lease, then goes on. */
  readonly stall?: number;
  /** A worker is told to stop; then, perhaps, the time that its running turn had is over. */
  readonly drain?: number;
  readonly drainLimit?: number;
  /** The client gives up waiting and sends again while ingress still works on the first. */
  readonly resend?: number;
  /** `enqueue` refuses for capacity. */
  readonly refused?: number;
  /** A step is done, its reply is lost, and the caller does it again. */
  readonly lost?: number;
  /** The same for scripts that hand something out: nobody asks again. */
  readonly lostClaim?: number;
  /** Postgres dies: before a statement, after a commit whose outcome nobody hears, and either of these for four statements. */
  readonly away?: number;
  readonly unknown?: number;
  readonly outage?: number;
  readonly outageAfter?: number;
  /** Another Redis answers: with the same data, with none, or with what it had some scripts ago. */
  readonly restart?: number;
  readonly wipe?: number;
  readonly older?: number;
  /** The connection that holds the advisory lock breaks; its process hears of it and goes on until it looks. */
  readonly lockLost?: number;
  /** The host's power fails: a worker dies, and both stores forget the last start. Only where a start is not durable. */
  readonly power?: number;
}
export type FaultName = keyof Faults;

export interface Scenario {
  readonly name: string;
  /** Those of one conversation are sent one after the other, each after the answer to the one before. The letter says where: `PLACES`. */
  readonly messages: readonly string[];
  readonly faults: Faults;
  /** The executor asks the mailbox once. */
  readonly isTaking?: boolean;
  /** Somebody cancels T1, from the moment at which its row is there. */
  readonly isCancelling?: boolean;
  readonly maxAttempts?: number;
  /** The executor prepares for the length of a step, between claim and start. */
  readonly isPreparing?: boolean;
  /** The bundle's host is slow: after the first line it goes on when nobody else has anything to do. */
  readonly isSlow?: boolean;
  /** W1 pops and W2 claims, instead of the other way round. */
  readonly isPopFirst?: boolean;
  /** Workers that take the place of those that died. */
  readonly replacements?: number;
  /** Processes that see to a rebuild, all at once; 1. */
  readonly keepers?: number;
  /** Turns that a worker runs at once; 1. Above one, all calls of its turns and statements are steps of threads of their own. */
  readonly slots?: number;
  /** Turns of one user on lanes and in flight; more are held. */
  readonly userRunning?: number;
  /** The bundle declares `recovery: 'retryIfSilent'`. */
  readonly isRecovering?: boolean;
  /** All submissions go through one ingress process, whose rows are written in groups. */
  readonly isGrouping?: boolean;
  /** Sent by default only when everybody else is at rest. */
  readonly late?: string;
}

/** Where a message belongs, by its letter. */
export interface Place {
  readonly conversation: string;
  readonly user: string;
  readonly session: string;
  readonly userType: UserType;
  readonly kind: TaskKind;
}
const FIRST: Place = {
  conversation: 'c1',
  user: 'u1',
  session: 's1',
  userType: 'registered',
  kind: 'message',
};
const PLACES: Readonly<Record<string, Place>> = {
  T: FIRST,
  S: { ...FIRST, kind: 'steer' },
  // Another conversation of the same user, in the same session.
  B: { ...FIRST, conversation: 'c2' },
  D: { ...FIRST, conversation: 'c3' },
  // Somebody else, on another lane.
  P: { ...FIRST, conversation: 'c4', user: 'u2', session: 's2', userType: 'paid' },
};

export function placeOf(name: string): Place {
  const place = PLACES[name.charAt(0)];
  if (place === undefined) throw new Error(`${name} belongs nowhere`);
  return place;
}

const MESSAGE_OF = /^[A-Z]\d/;
/** The message of a turn: a second attempt has a turn of its own. */
export const messageOf = (turn: string): string => MESSAGE_OF.exec(turn)?.[0] ?? turn;

const TWO = ['T1', 'T2'];

export const SCENARIOS: readonly Scenario[] = [
  { name: 'plain', messages: TWO, faults: {} },
  { name: 'crashW', messages: TWO, faults: { crashW: 1 } },
  { name: 'stall', messages: TWO, faults: { stall: 1 } },
  { name: 'crashI', messages: TWO, faults: { crashI: 1 } },
  { name: 'resend', messages: TWO, faults: { resend: 1, refused: 1 } },
  { name: 'cancel', messages: TWO, isCancelling: true, faults: { crashC: 1 } },
  { name: 'take', messages: TWO, isTaking: true, faults: { crashW: 1 } },
  { name: 'steer', messages: ['T1', 'S1', 'T2'], faults: { crashW: 1 } },
  { name: 'reject', messages: TWO, faults: { refused: 1, crashI: 1 } },
  { name: 'dead', messages: TWO, maxAttempts: 0, faults: { crashW: 1 } },
  { name: 'lost', messages: TWO, faults: { lost: 1 } },
  { name: 'crashWR', messages: TWO, faults: { crashW: 1, crashR: 1 } },
  { name: 'stall2', messages: TWO, faults: { stall: 2 } },
  { name: 'cancelW', messages: TWO, isCancelling: true, faults: { crashW: 1 } },
  { name: 'cancelI', messages: ['T1'], isCancelling: true, faults: { crashI: 1, lost: 1 } },
  { name: 'cancelC', messages: ['T1'], isCancelling: true, faults: { crashC: 1 } },
  { name: 'takeStall', messages: TWO, isTaking: true, faults: { stall: 1 } },
  { name: 'takeSteer', messages: ['T1', 'S1', 'T2'], isTaking: true, faults: { crashW: 1 } },
  { name: 'three', messages: ['T1', 'T2', 'T3'], faults: { crashW: 1, stall: 1 } },
  { name: 'late', messages: ['T1', 'T2', 'T3'], late: 'T3', faults: { crashW: 1 } },
  { name: 'restart', messages: TWO, faults: { restart: 1, crashRB: 1 } },
  { name: 'wipe', messages: TWO, faults: { wipe: 1, crashRB: 1 } },
  { name: 'wipeW', messages: TWO, faults: { wipe: 1, crashW: 1 } },
  { name: 'older', messages: TWO, faults: { older: 1, crashRB: 1 } },
  { name: 'olderW', messages: TWO, faults: { older: 1, crashW: 1 } },
  { name: 'olderTake', messages: TWO, isTaking: true, faults: { older: 1 } },
  { name: 'rivals', messages: TWO, keepers: 2, faults: { restart: 1, lockLost: 1 } },
  { name: 'rivalsWipe', messages: TWO, keepers: 2, faults: { wipe: 1, lockLost: 1, crashRB: 1 } },
  { name: 'restart2', messages: TWO, faults: { restart: 1, older: 1 } },
  { name: 'slow', messages: TWO, isSlow: true, faults: { restart: 1 } },
  { name: 'popFirst', messages: TWO, isPopFirst: true, faults: { stall: 1 } },
  { name: 'drain', messages: TWO, isPreparing: true, faults: { drain: 1, drainLimit: 1 } },
  {
    name: 'drainW',
    messages: TWO,
    isPreparing: true,
    maxAttempts: 1,
    replacements: 1,
    faults: { drain: 1, crashW: 1 },
  },
  { name: 'spent', messages: TWO, maxAttempts: 1, replacements: 2, faults: { crashW: 2 } },
  { name: 'lostClaim', messages: TWO, faults: { lostClaim: 1 } },
  { name: 'away', messages: TWO, faults: { away: 1, unknown: 1 } },
  { name: 'outage', messages: TWO, faults: { outage: 1, outageAfter: 1 } },
  { name: 'takeAway', messages: TWO, isTaking: true, faults: { away: 1, unknown: 1 } },
  { name: 'cancelAway', messages: TWO, isCancelling: true, faults: { away: 1, unknown: 1 } },
  { name: 'rebuildAway', messages: TWO, faults: { wipe: 1, away: 1, unknown: 1 } },
  { name: 'reconciler', messages: TWO, faults: { crashI: 1, crashRC: 1, lockLost: 1 } },
  { name: 'twoConversations', messages: ['T1', 'B1', 'T2'], faults: { crashW: 1 } },
  { name: 'twoUsers', messages: ['T1', 'P1', 'P2'], faults: { stall: 1 } },
  { name: 'twoOlder', messages: ['T1', 'P1', 'T2'], faults: { older: 1 } },
  { name: 'held', messages: ['T1', 'B1', 'T2'], userRunning: 1, faults: { crashW: 1 } },
  {
    name: 'heldCancel',
    messages: ['T1', 'B1', 'D1'],
    userRunning: 1,
    isCancelling: true,
    faults: { crashC: 1 },
  },
  { name: 'heldWipe', messages: ['T1', 'B1', 'D1'], userRunning: 1, faults: { wipe: 1 } },
  { name: 'silent', messages: TWO, isRecovering: true, faults: { crashW: 1, crashHost: 1 } },
  { name: 'silentStall', messages: TWO, isRecovering: true, faults: { stall: 1 } },
  {
    name: 'silentTake',
    messages: TWO,
    isRecovering: true,
    isTaking: true,
    replacements: 1,
    faults: { crashW: 2 },
  },
  { name: 'silentWipe', messages: TWO, isRecovering: true, faults: { wipe: 1, crashW: 1 } },
  { name: 'group', messages: ['T1', 'B1', 'P1'], slots: 3, isGrouping: true, faults: { crashW: 1 } },
  {
    name: 'groupAway',
    messages: ['T1', 'B1', 'P1'],
    slots: 3,
    isGrouping: true,
    faults: { away: 1, unknown: 1 },
  },
];

/** Only for rules that are dropped: as the code is, they cannot happen. */
const IMPOSSIBLE: readonly Scenario[] = [{ name: 'power', messages: TWO, faults: { power: 1 } }];

export function scenarioOf(name: string): Scenario {
  const found = [...SCENARIOS, ...IMPOSSIBLE].find((scenario) => scenario.name === name);
  if (found === undefined)
    throw new Error(`no scenario ${name}; there is ${SCENARIOS.map((s) => s.name).join(', ')}`);
  return found;
}
