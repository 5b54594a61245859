import { describe, expect, it } from 'vitest';
import { MODEL_TTL_MS, ModelLog } from '../test/model-log.ts';
import { SessionFeed } from './session-feed.ts';

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a feed that reads its log again', () => {
  it('tells at once that a Redis which came back older lost something, also when it still has news', async () => {
    const model = new ModelLog();
    const feed = new SessionFeed('s', { log: model, ttlMs: MODEL_TTL_MS, pageSize: 4 });
    const heard: string[] = [];
    feed.attach({
      onEntry: ({ data }) => heard.push(/"text":"(\w)"/.exec(data)?.[1] ?? ''),
      onLost: () => heard.push('lost'),
      onPosition: () => heard.push('position'),
    });
    const started = feed.start();
    model.letOneGo(0);
    await started;
    for (const letter of 'abc') model.write(letter, '', 't1');
    // Nothing of it was published to this process, and c is gone.
    model.comeBackOlder(1);
    model.rebuild();
    model.rebuild();
    const read = feed.reread();
    await settle();
    model.letOneGo(0);
    await read;
    expect(heard).toEqual(['a', 'b', 'lost']);
  });
});

describe('a feed that hears publications', () => {
  it('tells several that came as one in their order and between two marks; without their forerunner it reads the log first', async () => {
    const model = new ModelLog();
    const feed = new SessionFeed('s', { log: model, ttlMs: MODEL_TTL_MS, pageSize: 4 });
    const heard: string[] = [];
    feed.attach({
      onEntry: ({ data }) => heard.push(/"text":"(\w)"/.exec(data)?.[1] ?? ''),
      onLost: () => heard.push('lost'),
      onPosition: () => heard.push('position'),
      onSeveral: (edge) => heard.push(edge),
    });
    const started = feed.start();
    model.letOneGo(0);
    await started;
    const write = (letter: string) => {
      const entry = model.write(letter, '', 't1');
      if (entry === undefined) throw new Error('refused');
      const { logId, prev, event, streamId, conversationId, turnId, data } = entry;
      return [logId, prev, event, streamId, conversationId, turnId, data];
    };
    const publish = (...entries: string[][]) => {
      const last = entries.at(-1) ?? [];
      const before = entries.slice(0, -1).map((each) => each.join('\n'));
      feed.onPublication(JSON.stringify(last.with(5, [last[5], ...before].join('\n'))));
    };
    publish(write('a'), write('b'), write('c'));
    expect(heard).toEqual(['begin', 'a', 'b', 'c', 'end']);
    write('d');
    publish(write('e'), write('f'));
    await settle();
    model.letOneGo(0);
    await settle();
    expect(heard.slice(5)).toEqual(['begin', 'end', 'd', 'e', 'f']);
  });

  it('does not take the first entry of a new epoch for one that follows, though its forerunner is the position', async () => {
    const model = new ModelLog();
    const feed = new SessionFeed('s', { log: model, ttlMs: MODEL_TTL_MS, pageSize: 4 });
    const heard: string[] = [];
    feed.attach({
      onEntry: ({ data }) => heard.push(/"text":"(\w)"/.exec(data)?.[1] ?? ''),
      onLost: () => heard.push('lost'),
      onPosition: () => heard.push('position'),
    });
    const started = feed.start();
    model.letOneGo(0);
    await started;
    const publish = (letter: string) => {
      const entry = model.write(letter, '', 't1');
      if (entry === undefined) throw new Error('refused');
      const { logId, prev, event, streamId, conversationId, turnId, data } = entry;
      feed.onPublication(JSON.stringify([logId, prev, event, streamId, conversationId, turnId, data]));
    };
    publish('a');
    // The whole log is still there. What ran, and what was in no log, may not be.
    model.comeBackOlder(0);
    model.rebuild();
    model.rebuild();
    publish('b');
    expect(heard).toEqual(['a']);
    await settle();
    model.letOneGo(0);
    await settle();
    expect(heard).toEqual(['a', 'lost', 'b']);
  });
});
