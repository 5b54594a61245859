import { defineBundle } from '@switchyard/bundle-sdk';

export default defineBundle({ id: 'no spaces allowed', name: '' });
