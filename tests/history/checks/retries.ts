import type { HistoryIndex } from '../history-index.ts';

/** The same key is the same message: one turn, one task, one conversation, one row, however often it was sent. */
export function checkRetries({ messages, stores, records }: HistoryIndex): string[] {
  const found: string[] = [];
  const keyOfTurn = new Map<string, string>();
  for (const { user, key, acks } of messages) {
    for (const what of ['turn', 'task', 'conversation'] as const) {
      const values = new Set(acks.map((ack) => ack[what]));
      if (values.size > 1)
        found.push(`message ${key} was acked as ${values.size} ${what}s: ${[...values].join(', ')}`);
    }
    for (const turn of new Set(acks.map((ack) => ack.turn))) {
      const name = `${user} ${key}`;
      const other = keyOfTurn.get(turn);
      if (other !== undefined && other !== name)
        found.push(`${turn} was given to two messages: ${other} and ${name}`);
      keyOfTurn.set(turn, name);
    }
  }
  const rows = Map.groupBy(stores.rows, ({ user, key }) => JSON.stringify([user, key]));
  for (const same of rows.values())
    if (same.length > 1)
      found.push(
        `message ${same[0]?.key} has ${same.length} rows: ${same.map(({ turn }) => turn).join(', ')}`,
      );
  return [...found, ...checkRefused(records, stores.rows)];
}

/** What was refused and never tried again is not there. */
function checkRefused(records: HistoryIndex['records'], rows: HistoryIndex['stores']['rows']): string[] {
  const answers = Map.groupBy(
    records.filter(
      (record) => record.kind === 'ack' || record.kind === 'refused' || record.kind === 'unknown',
    ),
    ({ key }) => key,
  );
  return rows.flatMap(({ key, turn, status }) => {
    const heard = answers.get(key) ?? [];
    const isOnlyRefused = heard.length > 0 && heard.every(({ kind }) => kind === 'refused');
    return isOnlyRefused ? [`message ${key} was refused, and there is ${turn}, ${status}`] : [];
  });
}
