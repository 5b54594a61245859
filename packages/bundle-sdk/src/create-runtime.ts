import type { BundleManifest } from '@switchyard/protocol';
import type { AnyBundleDefinition } from './any-definition.ts';
import type { BundleRuntime, HostPort } from './bundle-runtime.ts';
import type { JsonObject } from './contexts.ts';
import { describeBundle } from './describe-bundle.ts';
import { runChannel, runJob, runOperation, runSchedule, runTool } from './run-parts.ts';
import type { Loaded } from './loaded.ts';
import { createPredictRun } from './run-predict.ts';
import { runTurn } from './run-turn.ts';
import { runWeb } from './run-web.ts';

type Run = (loaded: Loaded, name: string, payload: never, port: HostPort) => Promise<unknown>;

const RUNS: Readonly<Record<string, Run>> = {
  turn: (loaded, _name, payload, port) => runTurn(loaded, payload, port),
  operation: runOperation,
  tool: runTool,
  schedule: runSchedule,
  job: runJob,
  channel: runChannel,
  web: (loaded, _name, payload, port) => runWeb(loaded, payload, port),
};

/** Without what a schema refuses, name by name. */
function fittingProps(schema: AnyBundleDefinition['props'], given: unknown): unknown {
  let fitting: Readonly<Record<string, unknown>> = { ...(given as JsonObject | undefined) };
  for (let round = Object.keys(fitting).length; round > 0; round -= 1) {
    const checked = schema?.safeParse(fitting);
    if (checked === undefined || checked.success) return fitting;
    const wrong = new Set(
      checked.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : [String(issue.path[0])],
      ),
    );
    fitting = Object.fromEntries(Object.entries(fitting).filter(([name]) => !wrong.has(name)));
  }
  return schema?.safeParse(fitting).success === true ? fitting : {};
}

/** A prop without a default, or with one that does not fit, is found when the file is read, not at the first turn. */
function requireDefaults(schema: AnyBundleDefinition['props']): void {
  const [issue] = schema?.safeParse({}).error?.issues ?? [];
  if (issue === undefined) return;
  const name = issue.path.join('.');
  throw new TypeError(`the prop "${name}" needs a default that fits its schema: ${issue.message}`);
}

/** What the host does with a definition, whoever wrote it down. */
export function createRuntime(definition: AnyBundleDefinition): BundleRuntime {
  let manifest: BundleManifest | undefined;
  const readManifest = () => (manifest ??= describeBundle(definition));
  const readProps = (given: unknown): JsonObject => definition.props?.parse(given ?? {}) ?? {};
  requireDefaults(definition.props);
  let props = readProps({});
  // Its setup is once per process, so its run is one as well.
  const runPredict = createPredictRun();
  return {
    contract: 2,
    manifest: readManifest,
    load: async (given) => {
      // Set for a former version, maybe: what does not fit this one has its default, and the version serves.
      props = readProps(fittingProps(definition.props, given));
      await definition.onLoad?.({ props });
    },
    setProps: async (given) => {
      const former = props;
      const next = readProps(given);
      props = next;
      try {
        await definition.onPropsChanged?.({ props, former });
      } catch (error) {
        // Unless somebody set others meanwhile: refused props are those before them.
        if (props === next) props = former;
        throw error;
      }
    },
    unload: async () => {
      await definition.onUnload?.();
    },
    invoke: async ({ kind, name = '', payload }, port) => {
      const run = kind === 'predict' ? runPredict : Object.hasOwn(RUNS, kind) ? RUNS[kind] : undefined;
      if (run === undefined) throw new Error(`this bundle does not answer "${kind}"`);
      return run({ definition, props, granted: readManifest().capabilities }, name, payload as never, port);
    },
  };
}
