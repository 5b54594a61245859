import { readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Route } from '@switchyard/http';
import { createWidgetTickets, readMasterKeys } from '@switchyard/identity';
import type { WidgetTickets } from '@switchyard/identity';
import type { Registry } from '@switchyard/registry';
import type { Guards } from '../caller-of.ts';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';
import { createPrepareWidgets } from './prepare-widgets.ts';
import { createWidgetRoutes } from './widget-routes.ts';

const MAX_BUILT_FILES = 500;
const MIB = 1024 * 1024;

/** The registry's hook for widgets, by the settings of this process. */
export function prepareWidgets({ bundleStore, log }: Pick<Base, 'bundleStore' | 'log'>, config: ProcConfig) {
  return createPrepareWidgets({
    bundleStore,
    log,
    sandbox: config.runnerSandbox,
    limits: {
      timeoutMs: config.widgetBuildTimeout,
      memoryMb: Math.ceil(config.widgetBuildMemory / MIB),
      maxFiles: MAX_BUILT_FILES,
      maxTotalBytes: config.widgetBuildOutput,
    },
  });
}

/** Tickets by the settings of this process. */
export function widgetTickets({ clock, ids, scope }: Base, config: ProcConfig): WidgetTickets {
  return createWidgetTickets({
    masterKeys: readMasterKeys(config),
    ttlMs: config.widgetTicketTtl,
    clock,
    ids,
    scope,
  });
}

/** Widgets and static files of bundles. */
export async function buildWidgetRoutes({
  base,
  ...parts
}: {
  readonly base: Pick<Base, 'bundleStore'>;
  readonly guards: Guards;
  readonly registry: Registry;
  readonly tickets: WidgetTickets;
}): Promise<Route[]> {
  const source = await readFile(fileURLToPath(import.meta.resolve('@switchyard/bundle-sdk/widget')), 'utf8');
  return createWidgetRoutes({
    ...parts,
    storeDir: base.bundleStore.dir,
    clientScript: stripTypeScriptTypes(source),
  });
}
