import type { Chain, HistoryIndex } from '../history-index.ts';
import { compareIds } from '../log-ids.ts';
import type { Opened, Seen } from '../records.ts';
import type { LogView } from '../store-view.ts';

/** A stretch of a chain that promises to be whole: from a position to the last id that came. */
interface Stretch {
  readonly from: string;
  to: string;
  readonly seen: Set<string>;
}

/** Every reader sees ids that only grow, everything between two of them that is meant for it, and hears `resync` where that is not so. */
export function checkStreams(index: HistoryIndex): string[] {
  return index.chains.flatMap((chain) => {
    const { stretches, found } = walk(chain);
    return [
      ...found,
      ...stretches.flatMap((stretch) => findGaps(chain, stretch, index.events.get(chain.session) ?? [])),
    ];
  });
}

function walk(chain: Chain): { stretches: Stretch[]; found: string[] } {
  const found: string[] = [];
  const stretches: Stretch[] = [];
  let current: Stretch | undefined;
  /** The answer proved nothing: before anything else there must be `resync`, or a `ready` that begins anew. */
  let isUnproven = true;
  let askedFrom: string | undefined;
  const begin = (id: string): void => {
    stretches.push((current = { from: id, to: id, seen: new Set() }));
    isUnproven = false;
  };
  for (const step of chain.steps) {
    if (step.kind === 'open') {
      isUnproven = step.resumedFrom === undefined;
      askedFrom = step.from;
      found.push(...checkResume(chain, step));
      if (!isUnproven && current === undefined) begin(step.resumedFrom ?? '0-0');
      continue;
    }
    const { id, event } = step;
    if (id === undefined) continue;
    if (event === 'ready' && askedFrom !== undefined)
      found.push(`${chain.name} asked to go on from ${askedFrom} and silently began anew at ${id}`);
    if (event === 'ready' || event === 'resync') {
      begin(id);
      continue;
    }
    if (isUnproven || current === undefined) {
      found.push(`${chain.name} got ${describe(step)} without a proof that nothing is missing before it`);
      begin(id);
      continue;
    }
    if (compareIds(id, current.to) <= 0)
      found.push(`${chain.name} got ${describe(step)} after ${current.to}`);
    else current.to = id;
    current.seen.add(id);
  }
  return { stretches, found };
}

/** What is said to be resumed is what was asked for. */
function checkResume(chain: Chain, { from, resumedFrom }: Opened): string[] {
  if (from === undefined || resumedFrom === undefined || from === resumedFrom) return [];
  return [`${chain.name} asked to go on from ${from} and was told ${resumedFrom}`];
}

/** Deltas may come merged under the id of the last: their text is compared instead (`texts`). */
function findGaps(chain: Chain, { from, to, seen }: Stretch, entries: readonly LogView[]): string[] {
  return entries.flatMap((entry) => {
    const isInside = compareIds(entry.id, from) > 0 && compareIds(entry.id, to) <= 0;
    if (!isInside || entry.event === 'chat_delta' || !isMeantFor(chain, entry) || seen.has(entry.id))
      return [];
    return [`${chain.name} went from ${from} to ${to} without ${entry.event} ${entry.id} of ${entry.turn}`];
  });
}

function isMeantFor({ stream, isSessionWide, conversation }: Chain, entry: LogView): boolean {
  if (conversation !== undefined && conversation !== entry.conversation) return false;
  return isSessionWide || entry.stream === '' || entry.stream === stream;
}

function describe({ event, id }: Seen): string {
  return `${event === '' ? 'position' : event} ${id ?? ''}`;
}
