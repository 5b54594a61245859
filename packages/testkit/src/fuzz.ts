// Beside the index: only what fuzzes pays for loading fast-check.
export { credentialLines, spoiledBodies, spoiledTexts, wholeRequests } from './malformed-requests.ts';
export type { WholeRequest } from './malformed-requests.ts';
export { sendMalformed } from './send-malformed.ts';
export type { MalformedOutcome, MalformedRun } from './send-malformed.ts';
