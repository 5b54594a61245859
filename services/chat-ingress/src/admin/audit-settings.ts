import { duration } from '@switchyard/kernel';

/** How long the audit log keeps what. */
export const auditSettings = {
  auditKeep: duration('730d').describe('How long entries of the audit log are kept'),
  auditKeepReads: duration('90d').describe(
    'The same for reads of secrets, of which there may be as many as there are messages',
  ),
};
