import path from 'node:path';
import { buildSite } from './build-site.ts';

const bundle = path.join(import.meta.dirname, '../..');
const { pages } = await buildSite({
  docs: path.join(bundle, '../../docs'),
  dist: path.join(bundle, 'dist'),
});
process.stdout.write(`${pages} pages\n`);
