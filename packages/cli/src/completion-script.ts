import type { CommandSpec } from './command-spec.ts';
import { SERVER_OPTIONS, SHARED_OPTIONS } from './create-program.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Entry {
  readonly words: readonly string[];
  readonly summary: string;
  readonly options: readonly string[];
}

/** What a shell sources to complete commands, subcommands and options. Values are left to its own completion of files. */
export function completionScript(shell: Shell, commands: readonly CommandSpec[]): string {
  const entries = commands.map((spec) => ({
    words: spec.name.split(' '),
    summary: spec.summary,
    options: optionsOf(spec),
  }));
  return { bash, zsh, fish }[shell](entries);
}

function optionsOf(spec: CommandSpec): string[] {
  const shared = spec.isLocal === true ? SHARED_OPTIONS : [...SHARED_OPTIONS, ...SERVER_OPTIONS];
  const all = [...(spec.options ?? []), ...shared].flatMap(({ flags }) => flags.match(/--[a-z-]+/gu) ?? []);
  return [...all, '--help'];
}

const firstWords = (entries: readonly Entry[]): string[] => [
  ...new Set(entries.map(({ words }) => words[0] ?? '')),
];
const secondWords = (entries: readonly Entry[], first: string): string[] =>
  entries.filter(({ words }) => words[0] === first).flatMap(({ words }) => words.slice(1));

/** The lines of a `case` over the two words of a command; each gives the words that may follow. */
function caseLines(entries: readonly Entry[]): string {
  const groups = firstWords(entries)
    .filter((first) => secondWords(entries, first).length > 0)
    .map((first) => `    '${first} ') words='${secondWords(entries, first).join(' ')} --help' ;;`);
  const leaves = entries.map(({ words, options }) => {
    const pattern = words.length === 2 ? `'${words.join(' ')}'` : `'${words[0] ?? ''} '*`;
    return `    ${pattern}) words='${options.join(' ')}' ;;`;
  });
  return [`    ' ') words='${firstWords(entries).join(' ')} --help --version' ;;`, ...groups, ...leaves].join(
    '\n',
  );
}

function bash(entries: readonly Entry[]): string {
  return `# bash completion of switchyard
_switchyard() {
  local current=\${COMP_WORDS[COMP_CWORD]} words=''
  local first='' second=''
  [ "$COMP_CWORD" -gt 1 ] && first=\${COMP_WORDS[1]}
  [ "$COMP_CWORD" -gt 2 ] && second=\${COMP_WORDS[2]}
  case "$first $second" in
${caseLines(entries)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _switchyard switchyard
`;
}

function zsh(entries: readonly Entry[]): string {
  // zsh names what was typed `words`: it is copied before that name becomes ours.
  return `#compdef switchyard
_switchyard() {
  local -a line=("\${words[@]}")
  local first='' second='' words=''
  (( CURRENT > 2 )) && first=\${line[2]}
  (( CURRENT > 3 )) && second=\${line[3]}
  case "$first $second" in
${caseLines(entries)}
  esac
  compadd -- \${=words} || _files
}
compdef _switchyard switchyard
`;
}

function fish(entries: readonly Entry[]): string {
  const quote = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;
  const lines = firstWords(entries).map((first) => {
    const own = entries.find(({ words }) => words.length === 1 && words[0] === first);
    return `complete -c switchyard -f -n __fish_use_subcommand -a ${first} -d ${quote(own?.summary ?? '')}`;
  });
  for (const { words, summary, options } of entries) {
    const [first = '', second] = words;
    const seen = `__fish_seen_subcommand_from ${first}`;
    if (second !== undefined) {
      const siblings = secondWords(entries, first).join(' ');
      lines.push(
        `complete -c switchyard -f -n '${seen}; and not __fish_seen_subcommand_from ${siblings}' -a ${second} -d ${quote(summary)}`,
      );
    }
    const where = second === undefined ? seen : `${seen}; and __fish_seen_subcommand_from ${second}`;
    for (const option of options) lines.push(`complete -c switchyard -n '${where}' -l ${option.slice(2)}`);
  }
  return `# fish completion of switchyard\n${lines.join('\n')}\n`;
}
