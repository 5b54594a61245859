/** A running turn's answer as far as it has been written, and the entry that wrote it last. */
export interface Snapshot {
  answerSoFar: string;
  logId: string;
}

/** `P:chat:snapshot:<turn_id>`: the log id of the last answer delta, a line end, and the text. */
export function readSnapshot(value: string): Snapshot {
  const at = value.indexOf('\n');
  return at < 0
    ? { answerSoFar: value, logId: '0-0' }
    : { logId: value.slice(0, at), answerSoFar: value.slice(at + 1) };
}
