import type { BundleManifest } from '@switchyard/protocol';
import type { z } from 'zod';
import type { AnyBundleDefinition } from './any-definition.ts';
import type { BundleDefinition } from './bundle-definition.ts';
import { RUNTIME } from './bundle-runtime.ts';
import type { Bundle, BundleRuntime, HostPort } from './bundle-runtime.ts';
import type { CapabilityAsk } from './capabilities.ts';
import type { JsonObject } from './contexts.ts';
import type { NoJobs } from './job.ts';
import { describeBundle } from './describe-bundle.ts';
import { runChannel, runJob, runOperation, runSchedule, runTool } from './run-parts.ts';
import type { Loaded } from './run-parts.ts';
import { runTurn } from './run-turn.ts';
import { runWeb } from './run-web.ts';

/** Declares a bundle. The entry file exports the result as default. */
export function defineBundle<
  // oxlint-disable-next-line typescript/no-generated-empty-object-type -- a bundle without props has none: `turn.props.x` is red
  P extends z.ZodObject = z.ZodObject<Record<never, never>>,
  A extends CapabilityAsk = never,
  S extends string = never,
  J = NoJobs,
>(definition: BundleDefinition<P, A, S, J>): Bundle {
  // The generic parameters guard the author's side only; inside, everything is checked at run time or came from JSON.
  return { id: definition.id, [RUNTIME]: createRuntime(definition as unknown as AnyBundleDefinition) };
}

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

function createRuntime(definition: AnyBundleDefinition): BundleRuntime {
  let manifest: BundleManifest | undefined;
  const readManifest = () => (manifest ??= describeBundle(definition));
  const readProps = (given: unknown): JsonObject => definition.props?.parse(given ?? {}) ?? {};
  // Defaults that do not fit their own schema are found when the file is read, not at the first turn.
  let props = readProps({});
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
      const run = Object.hasOwn(RUNS, kind) ? RUNS[kind] : undefined;
      if (run === undefined) throw new Error(`this bundle does not answer "${kind}"`);
      return run({ definition, props, granted: readManifest().capabilities }, name, payload as never, port);
    },
  };
}
