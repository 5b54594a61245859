import { readFileSync } from 'node:fs';
import { ERRORS, duration, flag, integer, list, secret, text } from '@switchyard/kernel';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { COMMANDS } from '@switchyard/cli';
import { commandPage } from './command-page.ts';
import { errorPage } from './error-page.ts';
import { keyPage } from './key-page.ts';
import { settingPage } from './setting-page.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('error page', () => {
  it('has every type, under its status', () => {
    const page = errorPage();
    for (const { errorType, status } of Object.values(ERRORS)) {
      const section = page.slice(page.indexOf(`## ${status}: `)).split('\n## ')[0] ?? '';
      expect(section).toContain(`\`${errorType}\``);
    }
  });
});

describe('key page', () => {
  it('has every row of the key module', () => {
    const source = read('../../packages/redis/src/keys.ts');
    const keys = [...source.matchAll(/^ \* \| \w+ \| [^|]+ \| (P:[^|]+) \|/gm)].map(
      ([, key]) => key?.trim() ?? '',
    );
    expect(keys.length).toBeGreaterThan(20);
    const page = keyPage(source);
    for (const key of keys) expect(page).toContain(`\`${key}\``);
  });

  it('refuses a key that belongs to no group', () => {
    expect(() => keyPage(' * | stray | string | P:elsewhere | a | b | - |\n')).toThrow(/stray/);
  });
});

describe('setting page', () => {
  const schemas: Record<string, unknown> = {
    one: {
      settings: z.object({
        logLevel: text('info').describe('Least severe line'),
        wait: duration('30s').describe('How long'),
        isOpen: flag(true).describe('Whether'),
        names: list([]).describe('Which'),
        masterKey: secret().describe('Opens things'),
      }),
    },
    two: {
      settings: z.object({
        logLevel: text('info').describe('Least severe line'),
        slots: integer(16).describe('How many.'),
      }),
    },
  };
  const page = () => settingPage(['one', 'two'], async (name) => schemas[name]);

  it('shows defaults as they are written, not as they are parsed', async () => {
    const text = await page();
    expect(text).toContain('### WAIT\n\nHow long. Default: `30s`. A setting of one.');
    expect(text).toContain('### IS_OPEN\n\nWhether. Default: `true`. A setting of one.');
    expect(text).toContain('### NAMES\n\nWhich. It is empty by default. A setting of one.');
    expect(text).toContain('### SLOTS\n\nHow many. Default: `16`. A setting of two.');
    expect(text).toContain(
      '### MASTER_KEY\n\nOpens things. It has no default and must be set. A setting of one.',
    );
  });

  it('names a setting that means the same in two services once', async () => {
    const text = await page();
    expect(text.match(/### LOG_LEVEL/g)).toHaveLength(1);
    expect(text).toContain('A setting of one and two.');
  });

  it('says which service exports no schema', async () => {
    await expect(settingPage(['three'], async () => ({}))).rejects.toThrow('services/three/src/env.ts');
  });
});

describe('command page', () => {
  it('has every command with its arguments, options and examples', () => {
    const page = commandPage();
    for (const { name, arguments: args = [], options = [], examples } of COMMANDS) {
      const section = page.slice(page.indexOf(`## Command ${name}\n`)).split('\n## ')[0] ?? '';
      for (const { name: word } of args) expect(section).toContain(`| \`${word}\` |`);
      for (const { flags } of options) expect(section).toContain(flags);
      for (const [command] of examples) expect(section).toContain(`switchyard ${command}\n`);
    }
  });
});
