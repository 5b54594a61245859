import type { AdmissionCaller } from '@switchyard/admission';
import type { Caller } from '@switchyard/identity';
import { PUBLIC_USER } from '../caller-of.ts';

/** Under which name a call counts. Strangers share one name; what they call is counted by address. */
export function countedAs(caller: Caller, address: string | undefined): AdmissionCaller {
  const { userType, userId } = caller;
  return caller === PUBLIC_USER ? { userType, userId: `public:${address ?? ''}` } : { userType, userId };
}
