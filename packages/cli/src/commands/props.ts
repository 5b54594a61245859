import type { CommandSpec } from '../command-spec.ts';
import { formatTable } from '../output.ts';
import { bundlePath } from '../push-bundle.ts';
import { readPairs } from '../read-pairs.ts';

interface PropsView {
  /** What the bundle runs with. */
  readonly props: Readonly<Record<string, unknown>>;
  /** What an admin set of it. */
  readonly override: Readonly<Record<string, unknown>>;
  /** What was set and does not fit the version that serves. */
  readonly not_applied: readonly { readonly name: string; readonly message: string }[];
}

const BUNDLE = { name: '<bundle>', description: 'the id of the bundle' };

function describe({ props, override, not_applied: left }: PropsView): string {
  const rows = Object.entries(props).map(([name, value]) => [
    name,
    JSON.stringify(value),
    Object.hasOwn(override, name) ? '(set)' : '',
  ]);
  const faults = left.map(({ name, message }) => `${name} is set and not applied: ${message}`);
  return [formatTable(rows), ...faults].filter((text) => text !== '').join('\n');
}

export const propsGet: CommandSpec = {
  name: 'props get',
  summary: 'Show the settings of a bundle',
  details: 'What is marked (set) was set by an admin; the rest is as the bundle declares it.',
  arguments: [BUNDLE],
  examples: [
    ['props get weather', 'all settings'],
    ['props get weather --json', 'with the schema that they are checked by'],
  ],
  async run({ args: [bundle = ''], output, server }) {
    const view = await (await server()).json<PropsView>(bundlePath(bundle, 'props'));
    output.result(view, () => describe(view));
  },
};

export const propsSet: CommandSpec = {
  name: 'props set',
  summary: 'Set settings of a bundle',
  details:
    'A value that is JSON (3, true, ["a"]) is taken as that, everything else as text; name:=value is always text. null takes a setting back to what the bundle declares. Checked by the schema of the bundle, and in force for the next call: a restart is not needed.',
  arguments: [BUNDLE, { name: '<pairs...>', description: 'name=value, several' }],
  examples: [
    ['props set weather greeting=Hi limit=3', 'a text and a number'],
    ['props set weather code:=007', 'a text that looks like a number'],
    ['props set weather limit=null', 'back to the default of one setting'],
  ],
  async run({ args: [bundle = '', ...pairs], output, server }) {
    const body = { op: 'merge', props: readPairs(pairs) };
    const view = await (
      await server()
    ).json<PropsView>(bundlePath(bundle, 'props'), { method: 'POST', body });
    output.result(view, () => describe(view));
  },
};

export const propsReset: CommandSpec = {
  name: 'props reset',
  summary: 'Go back to the settings that the bundle declares',
  arguments: [BUNDLE],
  examples: [['props reset weather', 'all of its settings']],
  async run({ args: [bundle = ''], output, server }) {
    const path = bundlePath(bundle, 'props', 'reset-code');
    const view = await (await server()).json<PropsView>(path, { method: 'POST', body: {} });
    output.result(view, () => describe(view));
  },
};
