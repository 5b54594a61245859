import { DEFAULT_PREDICT_CONFIG, serveProceduresAlone } from '@switchyard/predict';
import type { CommandSpec } from '../command-spec.ts';
import { SERVING, numberOption, readServing, untilClosed } from './serving.ts';

export const proceduresServe: CommandSpec = {
  name: 'procedures serve',
  summary: 'Serve predictors that requests name by their source',
  details:
    'POST /procedures with `context.procedure_source_url`: a tar archive at an http(s) address or in a data URI, or a folder of this machine as file://. Its code runs here, so whoever may call this server may run code on this machine. Hosts stay for the next call of their source until another one needs the room.',
  options: [
    ...SERVING,
    {
      flags: '--max-runners <number>',
      description: `hosts at once over all sources (${DEFAULT_PREDICT_CONFIG.maxRunners})`,
    },
    { flags: '--one-shot', description: 'a host for each prediction, ended after it' },
    { flags: '--no-folders', description: 'refuse sources that are folders of this machine' },
  ],
  examples: [
    ['procedures serve', 'on port 5000'],
    ['procedures serve --max-runners 2 --no-folders', 'two hosts at once, archives only'],
  ],
  isLocal: true,
  async run(context) {
    const serving = readServing(context, 5000, 'info');
    const maxRunners = numberOption(context, 'maxRunners', 1);
    const server = await serveProceduresAlone({
      ...serving,
      config: {
        ...serving.config,
        isOneShot: context.options['oneShot'] === true,
        allowsFolders: context.options['folders'] !== false,
        ...(maxRunners === undefined ? {} : { maxRunners }),
      },
    });
    return untilClosed(context, server);
  },
};
