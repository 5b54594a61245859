export { COMMANDS } from './command-list.ts';
export { GROUPS } from './command-spec.ts';
export type { ArgumentSpec, CommandContext, CommandSpec, OptionSpec, OptionValues } from './command-spec.ts';
export { SERVER_OPTIONS, SHARED_OPTIONS } from './create-program.ts';
export { EXIT_MEANINGS } from './exit-codes.ts';
