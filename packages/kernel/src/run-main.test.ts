import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MODULE = JSON.stringify(fileURLToPath(new URL('run-main.ts', import.meta.url)));

interface Life {
  readonly code: number | null;
  readonly words: string[];
}

/** Runs a main whose `start` is given; at each `here` that it says, it is sent a signal. */
const live = async (start: string): Promise<Life> => {
  const program = `import { runMain } from ${MODULE};
    const say = (word) => process.stdout.write(word + '\\n');
    const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    setInterval(() => undefined, 1000);
    const stop = async () => { await pause(20); say('stopped'); };
    await runMain({ name: 'it', stopMs: 10_000, start: async () => { ${start} } });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const words: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const word of text.split('\n').filter(Boolean)) {
      words.push(word);
      if (word === 'here') child.kill('SIGTERM');
    }
  });
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, words };
};

test('a signal stops it in order', async () => {
  const life = await live(`setTimeout(say, 50, 'here'); return { stop };`);
  expect(life).toEqual({ code: 0, words: ['here', 'stopped'] });
});

test('one that comes during the start waits for it: what has begun is stopped in order', async () => {
  const life = await live(`say('here'); await pause(300); say('started'); return { stop };`);
  expect(life).toEqual({ code: 0, words: ['here', 'started', 'stopped'] });
});

test('a start that does not come to an end keeps nobody', async () => {
  const life = await live(`say('here'); await pause(60_000); return { stop };`);
  expect(life).toEqual({ code: 0, words: ['here'] });
});

test('a second signal ends it hard', async () => {
  const life = await live(`say('here'); return { stop: async () => { say('here'); await pause(60_000); } };`);
  expect(life).toEqual({ code: 1, words: ['here', 'here'] });
});

test('a start that fails ends it with 1', async () => {
  expect(await live(`throw Object.assign(new Error('a bad setting'), { code: 'CONFIG' });`)).toEqual({
    code: 1,
    words: [],
  });
});
