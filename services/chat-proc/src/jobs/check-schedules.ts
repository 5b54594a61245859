import { checkCron } from '@switchyard/jobs';
import { PlatformError } from '@switchyard/kernel';
import type { ServedBundle } from '@switchyard/registry';

type Prepare = (served: ServedBundle) => Promise<void>;

/** The registry's `prepare` with a look at the schedules before it: a cron line that no scheduler could keep to is its author's to hear of. */
export function checkSchedulesThen(prepare: Prepare): Prepare {
  return async (served) => {
    for (const [name, { cron, timezone }] of Object.entries(served.manifest.schedules)) {
      const reason = checkCron(cron, timezone);
      if (reason === undefined) continue;
      const zone = timezone === undefined ? '' : ` in "${timezone}"`;
      throw PlatformError.of(
        'UNPROCESSABLE',
        `The schedule "${name}" cannot be kept: "${cron}"${zone}: ${reason}`,
        {
          details: { field: `schedules.${name}` },
        },
      );
    }
    await prepare(served);
  };
}
