const ID_BYTES = 18;

/** Of one webhook, the same for all of its tries: a prediction has several, and a receiver keeps the ids it has seen. */
export function makeMessageId(randomBytes: (size: number) => Uint8Array): string {
  return `msg_${Buffer.from(randomBytes(ID_BYTES)).toString('base64url')}`;
}
