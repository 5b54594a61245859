import type { Scope } from '@switchyard/kernel';
import type { Sql } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { SiteContents, SiteRows } from '@switchyard/web-store';
import type { ProcConfig } from '../../env.ts';

export interface CollectParts {
  readonly sql: Sql;
  readonly rows: Pick<SiteRows, 'prune'>;
  readonly contents: Pick<SiteContents, 'collect' | 'removeAbandoned'>;
  readonly config: Pick<
    ProcConfig,
    'siteKeepDeploys' | 'siteRetain' | 'siteCollectEvery' | 'siteCollectGrace'
  >;
  readonly log: Log;
}

const AT_ONCE = 200;

/** Removes old deploys, then contents that no deploy names, now and then; one worker of all at a time. */
export function collectSites(scope: Scope, { sql, rows, contents, config, log }: CollectParts): void {
  const collect = async (): Promise<void> => {
    await sql.tryAdvisoryLock('sites.collect', async (lost) => {
      const withinSec = config.siteRetain / 1000;
      const deploys = await rows.prune({ keep: config.siteKeepDeploys, withinSec });
      const graceSec = config.siteCollectGrace / 1000;
      await contents.removeAbandoned(graceSec);
      let removed = 0;
      for (let found = AT_ONCE; found === AT_ONCE && !lost.aborted; removed += found)
        found = await contents.collect({ graceSec, limit: AT_ONCE });
      if (deploys + removed > 0) log.info('sites collected', { deploys, contents: removed });
    });
  };
  let running: Promise<void> | undefined;
  const timer = setInterval(() => {
    running ??= collect()
      .catch((error: unknown) => log.warn('sites could not be collected', { error }))
      .finally(() => (running = undefined));
  }, config.siteCollectEvery);
  timer.unref();
  scope.defer(async () => {
    clearInterval(timer);
    await running;
  });
}
