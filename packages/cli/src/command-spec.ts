import type { Output } from './output.ts';
import type { Server } from './server.ts';
import type { World } from './world.ts';

export interface OptionSpec {
  /** As commander writes them: `--template <name>`, `-f, --follow`. */
  readonly flags: string;
  readonly description: string;
  /** The values that are allowed. */
  readonly choices?: readonly string[];
}

export interface ArgumentSpec {
  /** `<needed>`, `[optional]`, `[several...]`. */
  readonly name: string;
  readonly description: string;
  readonly choices?: readonly string[];
}

export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** One command. Parser, help, completion and reference page are all made from it. */
export interface CommandSpec {
  /** The words after `switchyard`: `bundle push`. */
  readonly name: string;
  readonly summary: string;
  /** Sentences for the help, below the summary. */
  readonly details?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  /** Without the leading `switchyard`, each with what it does. */
  readonly examples: readonly (readonly [command: string, does: string])[];
  /** Needs no server: `--profile` and `--url` are not offered. */
  readonly isLocal?: boolean;
  /** Throws what `failureOf` reads. Answers an exit code, 0 when none. */
  run(context: CommandContext): Promise<number | void>;
}

export interface CommandContext {
  readonly world: World;
  readonly output: Output;
  /** Arguments in order; optional ones that are not given are absent. */
  readonly args: readonly string[];
  readonly options: OptionValues;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
  /** The server that flags, environment and profile name. Rejects with UsageError when none does. */
  server(): Promise<Server>;
}

/** Words of groups, for help and reference. */
export const GROUPS: Readonly<Record<string, string>> = {
  bundle: 'Write, test, ship and watch bundles',
  props: 'Settings of a bundle',
  secrets: 'Secrets of a bundle: they can be set and removed, never read',
  ops: 'Operations of bundles',
  site: 'Publish web sites, switch and watch them',
  predict: 'Serve and run predictors, without a server of the platform',
  procedures: 'Serve predictors that requests name by their source',
  profile: 'Servers that you signed in to',
};

/** The text of an option; undefined when it is not given. */
export function textOption(options: OptionValues, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}
