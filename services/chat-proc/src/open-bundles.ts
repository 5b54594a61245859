import { resolve } from 'node:path';
import type { createSecretMasks } from '@switchyard/capabilities';
import { Deadline, createServiceGroup } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { createRegistry } from '@switchyard/registry';
import { createRunner } from '@switchyard/runner';
import { createBundleProps } from '@switchyard/store';
import { checkGrantsThen } from './check-grants.ts';
import { createPropsFollower } from './props/follow-props.ts';
import { indexDocs } from './index-docs.ts';
import { openPythonHosts, warmPythonAfter, withPythonBundles } from './predictions/open-python-bundles.ts';
import { cleanUpProcedures } from './procedures/clean-up-procedures.ts';
import { checkSchedulesThen } from './jobs/check-schedules.ts';
import { checkOperationsThen } from './operations/check-operations.ts';
import { runnerConfig } from './runner-config.ts';
import { prepareWidgets } from './widgets/build-widgets.ts';
import { startBundles, watchBundles } from './start-bundles.ts';
import type { ProcConfig } from './env.ts';
import type { Base } from './open-base.ts';

/** What the parts of a start that failed half way are given to end. */
const CLOSE_MS = 5_000;

/** What bundles are and run in, with those that ship; what is after it may invoke them. */
export async function openBundles(
  scope: Scope,
  base: Base,
  config: ProcConfig,
  masks: Pick<ReturnType<typeof createSecretMasks>, 'masked'>,
) {
  const { log, bundles, documents, sql } = base;
  const python = await openPythonHosts(scope, base, config);
  const runner = withPythonBundles(
    createRunner({
      ...base,
      config: runnerConfig(config),
      masked: masks.masked,
      furtherHosts: () => python.snapshot(),
    }),
    python,
  );
  const props = createBundleProps(base.sql, base.scope);
  const propsFollower = createPropsFollower({ props, runner, log });
  const registry = createRegistry({
    ...base,
    runner,
    refreshMs: config.bundleRefresh,
    watchesFolders: config.nodeEnv === 'development',
    keepVersions: config.bundleKeepVersions,
    keepRecords: config.bundleKeepRecords,
    prepare: warmPythonAfter(
      checkGrantsThen(checkOperationsThen(checkSchedulesThen(prepareWidgets(base, config)))),
      python.bundles,
    ),
    furtherCleanUp: async () => void (await cleanUpProcedures({ ...base, idleMs: config.runnerIdle })),
    applySettings: (manifestOf) => propsFollower.apply(manifestOf),
  });
  const foundations = createServiceGroup('bundles', [runner, registry]);
  scope.defer(() => foundations.stop(Deadline.in(CLOSE_MS)));
  await foundations.start();
  const { defaultBundle, docsDir } = config;
  const shipped = { registry, log, bundlesDir: resolve(config.bundlesDir), leftOut: config.bundlesLeftOut };
  // Before they are registered: what is saved meanwhile is not missed.
  const watched = config.nodeEnv === 'development' ? watchBundles(shipped) : undefined;
  scope.defer(async () => watched?.close());
  await Promise.all([
    startBundles({ ...shipped, bundles, defaultBundle }),
    indexDocs({ sql, documents, scope: base.scope }, resolve(docsDir), log),
  ]);
  return {
    runner,
    python,
    registry,
    props,
    propsFollower,
    async stop(deadline: Deadline) {
      await watched?.close();
      await foundations.stop(deadline);
    },
  };
}
