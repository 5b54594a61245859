/** How often each fault may happen in one schedule. */
export interface Faults {
  /** A worker, the reaper, ingress, the canceller, the reconciler or a rebuild dies for ever between two steps. */
  readonly crashW?: number;
  readonly crashR?: number;
  readonly crashI?: number;
  readonly crashC?: number;
  readonly crashRC?: number;
  readonly crashRB?: number;
  /** A holder does nothing for longer than its lease, then goes on. */
  readonly stall?: number;
  /** The client gives up waiting and sends again while ingress still works on the first. */
  readonly resend?: number;
  /** `enqueue` refuses for capacity. */
  readonly refused?: number;
  /** A step is done, its reply is lost, and the caller does it again. */
  readonly lost?: number;
  /** Another Redis answers: with the same data, or with none. */
  readonly restart?: number;
  readonly wipe?: number;
}
export type FaultName = keyof Faults;

export interface Scenario {
  readonly name: string;
  /** Sent one after the other, each after the answer to the one before. `S...` is a steer. */
  readonly messages: readonly string[];
  readonly faults: Faults;
  /** The executor asks the mailbox once. */
  readonly isTaking?: boolean;
  /** Somebody cancels T1, from the moment at which its row is there. */
  readonly isCancelling?: boolean;
  readonly maxAttempts?: number;
  /** Sent by default only when everybody else is at rest. */
  readonly late?: string;
}

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
  { name: 'takeStall', messages: TWO, isTaking: true, faults: { stall: 1 } },
  { name: 'takeSteer', messages: ['T1', 'S1', 'T2'], isTaking: true, faults: { crashW: 1 } },
  { name: 'three', messages: ['T1', 'T2', 'T3'], faults: { crashW: 1, stall: 1 } },
  { name: 'late', messages: ['T1', 'T2', 'T3'], late: 'T3', faults: { crashW: 1 } },
  { name: 'restart', messages: TWO, faults: { restart: 1, crashRB: 1 } },
  { name: 'wipe', messages: TWO, faults: { wipe: 1, crashRB: 1 } },
  { name: 'wipeW', messages: TWO, faults: { wipe: 1, crashW: 1 } },
];

export function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined)
    throw new Error(`no scenario ${name}; there is ${SCENARIOS.map((s) => s.name).join(', ')}`);
  return found;
}
