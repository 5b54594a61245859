import type { CommandSpec } from '../command-spec.ts';
import { formatTable } from '../output.ts';
import { bundlePath } from '../push-bundle.ts';
import { readPairs } from '../read-pairs.ts';

interface PropsView {
  /** What the bundle runs with. */
  readonly props: Readonly<Record<string, unknown>>;
  /** What an admin set of it. */
  readonly overrides?: Readonly<Record<string, unknown>>;
}

const BUNDLE = { name: '<bundle>', description: 'the id of the bundle' };

function describe({ props, overrides = {} }: PropsView): string {
  return formatTable(
    Object.entries(props).map(([name, value]) => [
      name,
      JSON.stringify(value),
      Object.hasOwn(overrides, name) ? '(set)' : '',
    ]),
  );
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
    'A value that is JSON (3, true, ["a"]) is taken as that, everything else as text; name:=value is always text. Checked by the schema of the bundle, and in force for the next call: a restart is not needed.',
  arguments: [BUNDLE, { name: '<pairs...>', description: 'name=value, several' }],
  examples: [
    ['props set weather greeting=Hi limit=3', 'a text and a number'],
    ['props set weather code:=007', 'a text that looks like a number'],
  ],
  async run({ args: [bundle = '', ...pairs], output, server }) {
    const body = { props: readPairs(pairs) };
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
