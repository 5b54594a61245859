import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { sealText, unsealText } from './sealed-text.ts';
import { Secret } from './secret.ts';

const PASS = new Secret('correct horse');
const QUICK = 2 ** 14;
const CLEAR = '{"bundles":{"hello":{"key":"hunter2-hunter2"}}}';

test('opens with its passphrase, and shows nothing without', async () => {
  const sealed = await sealText(CLEAR, PASS, randomBytes);
  expect(JSON.parse(sealed)).toMatchObject({ kdf: { name: 'scrypt', N: 131_072, r: 8, p: 1 } });
  expect(sealed).not.toContain('hunter2');
  expect(sealed).not.toContain('hello');
  expect(await unsealText(sealed, PASS)).toBe(CLEAR);
  await expect(unsealText(sealed, new Secret('correct horsf'))).rejects.toMatchObject({ code: 'CONFIG' });
  expect(await sealText(CLEAR, PASS, randomBytes, QUICK)).not.toBe(sealed);
});

test('nothing of it can be changed: text, tag, salt, cost', async () => {
  const file = JSON.parse(await sealText(CLEAR, PASS, randomBytes, QUICK)) as Record<string, string> & {
    kdf: Record<string, unknown>;
  };
  const flipped = (text = '') => {
    const bytes = Buffer.from(text, 'base64');
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes.toString('base64');
  };
  const changed = [
    { ...file, text: flipped(file['text']) },
    { ...file, tag: flipped(file['tag']) },
    { ...file, iv: flipped(file['iv']) },
    { ...file, kdf: { ...file.kdf, salt: flipped(String(file.kdf['salt'])) } },
    { ...file, kdf: { ...file.kdf, N: 2 ** 15 } },
  ];
  for (const one of changed)
    await expect(unsealText(JSON.stringify(one), PASS)).rejects.toThrow('does not open');
});

test('what is no sealed file, or asks for more memory than a file may, is said to be none', async () => {
  const file = JSON.parse(await sealText(CLEAR, PASS, randomBytes, QUICK)) as { kdf: object };
  const odd = [
    '',
    'text',
    '{}',
    JSON.stringify({ ...file, switchyard_sealed: 2 }),
    JSON.stringify({ ...file, kdf: { ...file.kdf, N: 2 ** 24 } }),
    JSON.stringify({ ...file, kdf: { ...file.kdf, N: 100_000 } }),
    JSON.stringify({ ...file, kdf: { ...file.kdf, r: 1024 } }),
    JSON.stringify({ ...file, tag: 'AAAA' }),
  ];
  for (const one of odd) await expect(unsealText(one, PASS)).rejects.toThrow('no sealed file');
});
