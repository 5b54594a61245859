import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Arguments } from './arguments.ts';
import { paints, seconds } from './progress.ts';
import { runCommand } from './run-command.ts';

interface CheckStep {
  readonly name: string;
  readonly commands: readonly (readonly string[])[];
}

const QUIET = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', NO_COLOR: '1', FORCE_COLOR: '0' };

const stepsFor = (root: string): CheckStep[] => {
  const page = join('services', 'web-ui', 'tsconfig.json');
  return [
    { name: 'format', commands: [['oxfmt', '--check']] },
    { name: 'lint', commands: [['oxlint', '--type-aware', '--deny-warnings']] },
    {
      name: 'types',
      commands: [
        ['tsc', '-p', 'tsconfig.json', '--noEmit'],
        ...(existsSync(join(root, page)) ? [['tsc', '-p', page, '--noEmit']] : []),
      ],
    },
    { name: 'boundaries', commands: [['turbo', 'boundaries']] },
    { name: 'structure', commands: [['node', 'tools/structure.ts']] },
    {
      name: 'docs',
      commands: [
        ['node', 'tools/links.ts'],
        ['node', 'tools/generate-reference.ts', '--check'],
      ],
    },
    { name: 'unused', commands: [['knip', '--no-progress', '--no-config-hints']] },
    { name: 'unit tests', commands: [['vitest', 'run', '--project', 'unit', '--reporter', 'dot']] },
  ];
};

const NAME_WIDTH = 12;

/** Runs every step even after one failed, so that one run shows all there is to mend. */
export const check = async ({ root }: Arguments): Promise<number> => {
  const start = performance.now();
  const failed: string[] = [];
  for (const { name, commands } of stepsFor(root)) {
    let [ms, code, output] = [0, 0, ''];
    for (const command of commands) {
      const result = await runCommand(root, command, { isShown: false, env: QUIET });
      ms += result.ms;
      code ||= result.code;
      output += result.output;
    }
    if (code !== 0) {
      failed.push(name);
      console.log(output.trim());
    }
    const mark = code === 0 ? paints.green('✓') : paints.red('✗');
    console.log(`${mark} ${name.padEnd(NAME_WIDTH)} ${paints.dim(seconds(ms))}`);
  }
  const total = seconds(performance.now() - start);
  console.log(
    failed.length === 0
      ? `All good after ${total}.`
      : `${paints.red('Failed:')} ${failed.join(', ')} (${total})`,
  );
  return failed.length === 0 ? 0 : 1;
};
