import { defineBundle } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'modest',
  name: 'Modest',
  limits: { memoryMb: 96 },
  executeCore: () => ({ flags: process.execArgv }),
});
