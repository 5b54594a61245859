import type { HistoryIndex } from '../history-index.ts';

/** What a user's messages carry, so that a word of theirs can be recognised anywhere. */
export const CANARY_PATTERN = /canary-[A-Za-z0-9]+/g;

/** Nobody is ever shown a word of another user or tenant. */
export function checkCanaries({ records, clients }: HistoryIndex): string[] {
  const owners = new Map([...clients.values()].map(({ user, canary }) => [canary, user]));
  const found = new Set<string>();
  for (const record of records) {
    if (record.kind !== 'frame' && record.kind !== 'fetched' && record.kind !== 'final') continue;
    const user = clients.get(record.client)?.user;
    const text = record.kind === 'final' ? record.text : record.data;
    for (const canary of text.match(CANARY_PATTERN) ?? []) {
      const owner = owners.get(canary);
      if (owner !== user)
        found.add(
          `${record.client} of ${user} was shown ${canary} of ${owner ?? 'a stranger'} in a ${record.kind}`,
        );
    }
  }
  return [...found];
}
