import type { Caller } from '@switchyard/identity';
import type { BundleSummary } from '@switchyard/protocol';
import type { LoadFailure } from '@switchyard/registry';
import type { BundleRow, BundleVersionRow } from '@switchyard/store';
import { visibleTools } from './mcp/visible-tools.ts';
import { mayUse } from './operations/may-use.ts';

/**
 * What this caller sees of a bundle in a list; undefined while none of its versions can serve. The note of a bundle that asks for a model is
 * on being without one.
 */
export function summaryOf(row: BundleRow, hasModel: boolean, caller: Caller): BundleSummary | undefined {
  const manifest = row.version?.manifest;
  if (manifest === null || manifest === undefined) return undefined;
  const isUntrue = hasModel && manifest.capabilities.includes('model');
  return {
    bundle_id: row.bundle_id,
    name: manifest.name,
    ...(manifest.description === undefined ? {} : { description: manifest.description }),
    ...(manifest.note === undefined || isUntrue ? {} : { note: manifest.note }),
    starters: manifest.starters,
    answers_messages: manifest.hasTurns,
    has_widgets: Object.values(manifest.widgets).some((widget) => mayUse(widget, caller)),
    is_default: row.is_default,
    version: row.active_version,
  };
}

/** The summary and what of the bundle this caller may use, with schemas (03 §6). */
export function detailsOf(row: BundleRow, hasModel: boolean, caller: Caller) {
  const summary = summaryOf(row, hasModel, caller);
  const manifest = row.version?.manifest;
  if (summary === undefined || manifest === null || manifest === undefined) return undefined;
  const operations = Object.entries(manifest.operations)
    .filter(([, operation]) => mayUse(operation, caller))
    .map(([name, { method, route, description, input, output, timeoutMs, tool }]) => ({
      name,
      method,
      route,
      description,
      input,
      output,
      timeout_ms: timeoutMs,
      tool: tool ?? false,
    }));
  const schedules = Object.entries(manifest.schedules).map(([name, { cron, timezone }]) => ({
    name,
    cron,
    timezone,
  }));
  const widgets = Object.entries(manifest.widgets)
    .filter(([, widget]) => mayUse(widget, caller))
    .map(([alias, { title, icon, route }]) => ({ alias, title, icon, route }));
  const { mcp } = manifest;
  const offered =
    mcp !== undefined && mayUse(mcp, caller)
      ? [{ alias: mcp.alias, route: mcp.route, tools: visibleTools(manifest, caller) }]
      : [];
  return { ...summary, operations, schedules, widgets, mcp: offered };
}

/** A version as an admin sees it. */
export function versionViewOf(version: BundleVersionRow, active: string | null) {
  return {
    version: version.version_id,
    ref: version.ref,
    status: version.status,
    is_active: version.version_id === active,
    error: version.error,
    created_at: version.created_at.toISOString(),
    activated_at: version.activated_at?.toISOString() ?? null,
  };
}

/** Everything that an admin needs to see why a bundle serves what it serves. */
export function adminViewOf(
  row: BundleRow,
  versions: readonly BundleVersionRow[],
  local: LoadFailure | undefined,
  propsNotApplied: readonly { name: string; message: string }[],
) {
  return {
    bundle_id: row.bundle_id,
    name: row.version?.manifest?.name ?? null,
    active_version: row.active_version,
    is_default: row.is_default,
    source: row.source,
    updated_at: row.updated_at.toISOString(),
    capabilities: row.version?.manifest?.capabilities ?? [],
    error: newestFailure(row, versions),
    worker_error: local === undefined ? null : { version_id: local.versionId, error: local.error },
    props_not_applied: propsNotApplied,
  };
}

/** Why the newest version does not serve; null when a later one did come to serve. `versions` newest first. */
function newestFailure(
  row: BundleRow,
  versions: readonly BundleVersionRow[],
): { version_id: string; error: string } | null {
  const activatedAt =
    versions.find((version) => version.version_id === row.active_version)?.activated_at?.getTime() ?? 0;
  const failed = versions.find(
    (version) => version.status === 'failed' && version.created_at.getTime() > activatedAt,
  );
  return failed === undefined ? null : { version_id: failed.version_id, error: failed.error ?? '' };
}
