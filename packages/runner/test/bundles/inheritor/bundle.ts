import { defineBundle } from '@switchyard/bundle-sdk';
import * as fs from 'node:fs';

const HIGHEST = 64;

/** What stands in a descriptor, read from its beginning. */
function bytesOf(fd: number): string {
  const bytes = Buffer.alloc(100);
  return bytes.toString('utf8', 0, fs.readSync(fd, bytes, 0, bytes.length, 0));
}

/** Tells of each descriptor that it can read what stands in it, by its number and by its name. */
export default defineBundle({
  id: 'inheritor',
  name: 'Inheritor',
  executeCore() {
    const found: string[] = [];
    for (let fd = 0; fd <= HIGHEST; fd += 1) {
      for (const read of [bytesOf, (one: number) => fs.readFileSync(`/proc/self/fd/${one}`, 'utf8')]) {
        // A socket or a pipe would be waited for; 0 is the wire.
        try {
          if (fs.fstatSync(fd).isFile()) found.push(`${fd}: ${read(fd)}`);
        } catch {
          // It is not open, or what it is cannot be read.
        }
      }
    }
    return { found };
  },
});
