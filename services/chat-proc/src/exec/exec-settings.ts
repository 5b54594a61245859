import { optionalSecret, text } from '@switchyard/kernel';

/** The service that runs code for bundles with the capability `exec`. */
export const execSettings = {
  execUrl: text('').describe(
    'Address of the service that runs generated code, as `http://127.0.0.1:8050`; empty: there is none.',
  ),
  execToken: optionalSecret().describe('Token of chat-proc at the service that runs generated code.'),
};
