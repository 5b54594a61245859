import { defineBundle } from '@switchyard/bundle-sdk';

setInterval(() => undefined, 1000);
await new Promise(() => undefined);

export default defineBundle({ id: 'hangs', name: 'Hangs' });
