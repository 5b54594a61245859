import type { CommandSpec } from '../command-spec.ts';
import { SHELLS, completionScript } from '../completion-script.ts';

/** It completes the commands of the table that it stands in, so that one comes as an argument. */
export const createCompletion = (commands: () => readonly CommandSpec[]): CommandSpec => ({
  name: 'completion',
  summary: 'Print the completion of a shell',
  arguments: [{ name: '<shell>', description: 'bash, zsh or fish', choices: SHELLS }],
  examples: [
    [
      'completion bash > ~/.local/share/bash-completion/completions/switchyard',
      'for bash, from the next shell on',
    ],
    ['completion zsh > "${fpath[1]}/_switchyard"', 'for zsh'],
    ['completion fish > ~/.config/fish/completions/switchyard.fish', 'for fish'],
  ],
  isLocal: true,
  run({ args, output }) {
    const shell = SHELLS.find((each) => each === args[0]) ?? 'bash';
    const script = completionScript(shell, commands());
    output.result({ shell, script }, script.trimEnd());
    return Promise.resolve();
  },
});
