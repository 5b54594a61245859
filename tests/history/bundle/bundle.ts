// oxlint-disable import/no-default-export -- the default export is what a host loads
import { randomUUID } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle } from '@switchyard/bundle-sdk';
import type { Turn } from '@switchyard/bundle-sdk';

/** Written beside this file when the bundle is prepared. Needs hosts without a sandbox: a bundle has no disk otherwise. */
const JOURNAL = readFileSync(join(import.meta.dirname, 'journal-path.txt'), 'utf8').trim();
const HOST = `${process.pid}-${randomUUID().slice(0, 8)}`;

type Step = 'begin' | 'emit' | 'took' | 'end';

const write = (turn: Turn, step: Step, rest: { text?: string; taken?: string } = {}): void => {
  const { conversation_id: conversation } = turn.conversation;
  const line = { at: Date.now(), kind: 'bundle', turn: turn.id, conversation, host: HOST, step, ...rest };
  // One write of one line in append mode: lines of several hosts do not mix, and what was written outlives this process.
  appendFileSync(JOURNAL, `${JSON.stringify(line)}\n`);
};

/** `#say=5x20 #take #fail`: words behind a hash are what this turn does; the rest of the message is said back. */
const readActs = (message: string): Map<string, string> =>
  new Map([...message.matchAll(/#([a-z]+)(?:=(\S+))?/g)].map((found) => [found[1] ?? '', found[2] ?? '']));

const say = async (turn: Turn, text: string): Promise<void> => {
  write(turn, 'emit', { text });
  await turn.delta(text);
};

const takeAll = async (turn: Turn): Promise<void> => {
  for (;;) {
    const item = await turn.takeNextContinuation();
    if (item === null) return;
    write(turn, 'took', { taken: item.turn_id });
    await say(turn, `[${item.kind} ${item.message}] `);
  }
};

export default defineBundle({
  id: 'journal',
  name: 'Journal',
  limits: { concurrency: 64 },
  async executeCore(turn) {
    write(turn, 'begin');
    const acts = readActs(turn.message);
    const [count = 3, pauseMs = 10] = (acts.get('say') ?? '3x10').split('x').map(Number);
    await say(turn, `${turn.message.replace(/#\S+/g, '').trim()}: `);
    for (let at = 1; at <= count; at += 1) {
      if (acts.has('take') && at > count / 2) await takeAll(turn as Turn);
      await say(turn, `${at} `);
      await sleep(pauseMs, undefined, { signal: turn.signal });
    }
    if (acts.has('hang')) await sleep(3_600_000, undefined, { signal: turn.signal });
    if (!turn.signal.aborted) write(turn, 'end');
    if (acts.has('fail')) throw new Error('told to fail');
    return {};
  },
});
