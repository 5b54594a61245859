import type { HostPort } from './bundle-runtime.ts';
import type { InvocationContext, Notifier } from './contexts.ts';
import { createGranted } from './create-granted.ts';
import type { Loaded } from './loaded.ts';

/** What every `ctx` and `turn` has, a member for each thing asked for, and what `more` holds. */
export function createContext<T extends object>(
  { props, granted }: Pick<Loaded, 'props' | 'granted'>,
  port: HostPort,
  more: T,
): InvocationContext & T {
  const context = {
    ...createGranted(port, granted),
    ...more,
    props,
    signal: port.signal,
    usage: { record: (usage) => port.emit({ kind: 'usage', usage }) },
  } satisfies T & Omit<InvocationContext, 'scratchDir'>;
  // Made when it is read: most invocations need no folder, and making one costs more than the rest of a call.
  Object.defineProperty(context, 'scratchDir', { get: () => port.scratchDir() });
  return context as typeof context & { readonly scratchDir: string };
}

export function createNotifier(port: Pick<HostPort, 'emit'>): Notifier {
  return { notify: (to, type, data) => port.emit({ kind: 'notify', to, type, data }) };
}
