import { FAILPOINTS } from './failpoint-catalog.ts';
import type { FailpointName } from './failpoint-catalog.ts';
import { PlatformError } from './platform-error.ts';

/**
 * `exit`: the process kills itself. `stall`: it stands still, as under SIGSTOP, and goes on. `throw`: the call fails. `term`: it
 * is asked to end at this very point, as by its supervisor, and goes on into its drain.
 */
type Action =
  | { readonly kind: 'exit' }
  | { readonly kind: 'stall'; readonly ms: number }
  | { readonly kind: 'term' }
  | { readonly kind: 'throw' };

interface Armed {
  readonly action: Action;
  /** Passes that are still let through before it acts, once. */
  remaining: number;
}

/** What a failpoint does to its process; handed in, so that a test can look on. */
export interface FailpointEffects {
  exit(): void;
  stall(ms: number): void;
  term(): void;
  say(line: string): void;
}

const REAL: FailpointEffects = {
  // The signal is delivered before the call returns: no line after it runs, no handler, no flush.
  exit: () => void process.kill(process.pid, 'SIGKILL'),
  // The whole thread sleeps: timers, sockets and renewals stand still with it.
  stall: (ms) => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms),
  // Its handler runs here and now, as if the signal had come a moment before: with one from outside it is luck what comes first.
  term: () => void process.emit('SIGTERM'),
  say: (line) => void process.stderr.write(`${line}\n`),
};

const SPEC = /^([a-z.-]+):(?:(exit|throw|term)|stall:(\d{1,6}))(?::([1-9]\d{0,5}))?$/;

let armed: Map<string, Armed> | undefined;
let effects = REAL;

/**
 * A place where this process may be made to die, stand still or fail, between two effects on the outside. Does nothing unless
 * `armFailpoints` named it: one comparison, no promise, so that the order of what follows is the same with and without it.
 */
export function failpoint(name: FailpointName): void {
  if (armed !== undefined) hit(armed, name);
}

function hit(points: Map<string, Armed>, name: FailpointName): void {
  const point = points.get(name);
  if (point === undefined || point.remaining < 0) return;
  point.remaining -= 1;
  if (point.remaining >= 0) return;
  const { action } = point;
  effects.say(`failpoint ${name}: ${action.kind}`);
  if (action.kind === 'exit') effects.exit();
  else if (action.kind === 'stall') effects.stall(action.ms);
  else if (action.kind === 'term') effects.term();
  else throw PlatformError.of('INTERNAL', `failpoint ${name}`);
}

/**
 * Arms what `FAILPOINTS` names: `name:action[:nth]`, comma-separated; actions `exit`, `throw`, `term`, `stall:<ms>`; nth counts from 1. Each
 * acts once. Throws CONFIG for anything that it does not understand, and for anything at all in production.
 */
export function armFailpoints(spec: string, nodeEnv: string, into: FailpointEffects = REAL): void {
  armed = undefined;
  effects = into;
  if (spec === '') return;
  if (nodeEnv === 'production') throw PlatformError.of('CONFIG', 'FAILPOINTS is refused in production');
  armed = new Map(spec.split(',').map(readPoint));
}

function readPoint(text: string): [string, Armed] {
  const [, name = '', word = '', ms = '0', nth = '1'] = SPEC.exec(text.trim()) ?? [];
  if (!Object.hasOwn(FAILPOINTS, name))
    throw PlatformError.of('CONFIG', `FAILPOINTS: "${text}" is not name:exit|throw|term|stall:<ms>[:nth]`);
  return [name, { action: toAction(word, Number(ms)), remaining: Number(nth) - 1 }];
}

function toAction(word: string, ms: number): Action {
  if (word === 'exit' || word === 'throw' || word === 'term') return { kind: word };
  return { kind: 'stall', ms };
}
