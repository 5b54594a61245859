import type { Clock } from '@switchyard/kernel';
import { describeFailure } from '@switchyard/runner';
import type { Log, LogFields } from '@switchyard/telemetry';
import type { BundleLogs, LogEntry } from './bundle-logs.ts';

const MAX_TEXT = 4_000;
/** Not shown: the scope is the reader's own, the rest is in the line already. */
const HIDDEN = new Set(['tenant', 'project', 'bundle_id', 'error', 'text', 'level_of_bundle', 'reason']);
const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * A log whose lines about a bundle are kept for its author too: those that name a version or a bundle. It stands where lines are written, so whatever
 * of a bundle comes to be logged is there, as it is logged (secrets masked).
 */
export function teeLog(log: Log, logs: BundleLogs, clock: Pick<Clock, 'now'>, bound: LogFields = {}): Log {
  const write =
    (level: LogEntry['level']) =>
    (message: string, fields: LogFields = {}): void => {
      log[level](message, fields);
      // Most lines are about no bundle, as one of each request: nothing is put together for them.
      if (!namesBundle(fields) && !namesBundle(bound)) return;
      const all = { ...bound, ...fields };
      const bundleId = bundleOf(all);
      if (bundleId !== undefined) logs.write(bundleId, entryOf(level, message, all, clock.now()));
    };
  const [debug, info, warn, error] = LEVELS.map(write) as [
    Log['debug'],
    Log['info'],
    Log['warn'],
    Log['error'],
  ];
  return {
    debug,
    info,
    warn,
    error,
    child: (fields) => teeLog(log.child(fields), logs, clock, { ...bound, ...fields }),
  };
}

const namesBundle = (fields: LogFields): boolean => 'bundle_id' in fields || 'version_id' in fields;

/** A version's name begins with its bundle's. */
function bundleOf({ bundle_id: bundleId, version_id: versionId }: LogFields): string | undefined {
  if (typeof bundleId === 'string') return bundleId;
  return typeof versionId === 'string' ? versionId.split('__')[0] : undefined;
}

function entryOf(level: LogEntry['level'], message: string, fields: LogFields, nowMs: number): LogEntry {
  const { text, reason, error, level_of_bundle: own } = fields;
  const why = typeof reason === 'string' ? reason : error === undefined ? undefined : describeFailure(error);
  const said = typeof text === 'string' ? text : why === undefined ? message : `${message}: ${why}`;
  const shown = Object.entries(fields).filter(([name]) => !HIDDEN.has(name));
  return {
    ...Object.fromEntries(shown),
    time: new Date(nowMs).toISOString(),
    level: LEVELS.find((one) => one === own) ?? level,
    text: said.length > MAX_TEXT ? `${said.slice(0, MAX_TEXT)}...` : said,
    // What the bundle itself wrote has no source: its lines are the most.
    ...(typeof text === 'string' ? {} : { from: 'platform' }),
  };
}
