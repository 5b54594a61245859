import type { HistoryIndex } from '../history-index.ts';
import type { Resources, StoreView } from '../store-view.ts';

const REST_LIMIT_MS = 10_000;

/** Ten seconds after the last fault nothing works any more, and nothing of the work is left: no row, key, socket, process, timer. */
export function checkIdleness({ stores }: HistoryIndex): string[] {
  const open = stores.rows.filter(({ status }) => status === 'queued' || status === 'running');
  const busy = Object.entries(stores.conversations).filter(([, { turn }]) => turn !== '');
  return [
    ...checkTime(stores),
    ...open.map(({ turn, status }) => `row ${turn} is ${status}`),
    ...busy.map(([id, { turn }]) => `${id} is busy with ${turn}`),
    ...stores.workKeys.map((key) => `key ${key} is left over`),
    ...(stores.resources === undefined ? [] : checkResources(stores.resources)),
  ];
}

function checkTime({ idleAfterMs, lastToRest = [] }: StoreView): string[] {
  const last = lastToRest.length === 0 ? '' : `, the last: ${lastToRest.join('; ')}`;
  if (idleAfterMs === undefined) return [`it never came to rest${last}`];
  return idleAfterMs > REST_LIMIT_MS ? [`it came to rest after ${Math.round(idleAfterMs)} ms${last}`] : [];
}

function checkResources({ before, after }: { before: Resources; after: Resources }): string[] {
  return [
    ...findMore('connection', before.connections, after.connections),
    ...findMore('process', before.processes, after.processes),
    ...Object.entries(after.timers).flatMap(([service, count]) => {
      const former = before.timers[service];
      return former === undefined || count <= former
        ? []
        : [`${service} has ${count} timers, before the run ${former}`];
    }),
  ];
}

function findMore(what: string, before: readonly string[], after: readonly string[]): string[] {
  const count = (names: readonly string[], name: string): number =>
    names.filter((each) => each === name).length;
  return [...new Set(after)].flatMap((name) => {
    const more = count(after, name) - count(before, name);
    return more > 0 ? [`${more} ${what} more than before the run: ${name}`] : [];
  });
}
