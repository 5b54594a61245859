import { bytes, integer, list } from '@switchyard/kernel';

/** Procedures: predictors that requests name by their source. They share nothing with those of bundles but the rows. */
export const procedureSettings = {
  procedureRoles: list([]).describe(
    'Roles of which one is needed to run procedures, as `kdcube:role:super-admin`; none: there are no procedures. Whoever has one may run any code in a worker’s sandbox.',
  ),
  procedurePlaces: integer(4, 1, 1000).describe(
    'Procedures that one worker runs at once for callers who wait for them; over it they get 409, or wait in line.',
  ),
  procedureSlots: integer(4, 1, 1000).describe('Asynchronous procedures that one worker runs at once.'),
  procedureHosts: integer(4, 1, 1000).describe(
    'Sources of procedures that have processes in one worker at once; over it the idle one that was used longest ago ends.',
  ),
  procedureArchive: bytes('50MiB').describe('Largest archive of a procedure.'),
};
