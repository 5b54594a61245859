import { expect, test, vi } from 'vitest';
import { PersonTabs } from './person-tabs.ts';
import type { TabWord } from './person-tabs.ts';

function browser() {
  const channels: { onmessage: ((event: MessageEvent) => void) | null }[] = [];
  return () => {
    const channel = {
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage: (data: TabWord) => {
        for (const other of channels) if (other !== channel) other.onmessage?.({ data } as MessageEvent);
      },
    };
    channels.push(channel);
    const heard = { onSignedOut: vi.fn<() => void>(), onOther: vi.fn<(sessionId: string) => void>() };
    return { ...heard, page: new PersonTabs({ channel, ...heard }) };
  };
}

test('a page of somebody else begins anew, one of the same person and one that nobody has yet do not', () => {
  const open = browser();
  const [guest, same, early, late] = [open(), open(), open(), open()];
  guest.page.began('guest');
  same.page.began('ann');
  expect(guest.onOther.mock.calls).toEqual([['ann']]);
  late.page.began('ann');
  expect(same.onOther).not.toHaveBeenCalled();
  expect(early.onOther).not.toHaveBeenCalled();
  // Said once: a page that is shown again tells nobody anything new.
  late.page.began('ann');
  expect(guest.onOther).toHaveBeenCalledTimes(2);
});

test('all others hear of a sign-out', () => {
  const open = browser();
  const [one, two] = [open(), open()];
  one.page.signedOut();
  expect([one.onSignedOut.mock.calls.length, two.onSignedOut.mock.calls.length]).toEqual([0, 1]);
});
