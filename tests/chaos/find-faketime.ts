import { existsSync } from 'node:fs';

const FOLDERS = ['x86_64-linux-gnu', 'aarch64-linux-gnu'].flatMap((platform) => [
  `/usr/lib/${platform}/faketime`,
  `/lib/${platform}/faketime`,
]);

/** Debian's libfaketime; `./dev test chaos` installs it where it may. */
export const findFaketime = (): string | undefined =>
  [...FOLDERS, '/usr/lib/faketime', '/usr/lib64/faketime']
    .map((folder) => `${folder}/libfaketime.so.1`)
    .find((file) => existsSync(file));
