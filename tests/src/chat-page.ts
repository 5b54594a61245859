import type { StackFixture } from '@switchyard/testkit';
import type { Browser, BrowserContext, BrowserContextOptions, Locator, Page } from 'playwright-core';

/** The chat page as a reader sees it: by names and roles, not by classes. */
export interface ChatPage {
  readonly page: Page;
  /** What went wrong in the page: errors, refused loads, violations of its policy. */
  readonly complaints: string[];
  readonly message: Locator;
  readonly turns: Locator;
  /** The answer of the turn at a place, from 0; -1 is the last. */
  answer(at?: number): Locator;
  pickBundle(name: string): Promise<void>;
  send(text: string): Promise<void>;
  /** Waits until the last turn has come to an end, and says which. */
  ended(): Promise<string>;
  conversationId(): string;
}

export interface ReaderOptions extends BrowserContextOptions {
  /** A signed-in user by name; without one a guest. */
  readonly user?: string;
}

/** One reader's browser: its tabs share cookies and storage. */
export const openReader = async (
  browser: Browser,
  stack: Pick<StackFixture, 'token'>,
  { user, ...options }: ReaderOptions = {},
): Promise<BrowserContext> => {
  const headers = user === undefined ? {} : { authorization: `Bearer ${await stack.token({ user })}` };
  return browser.newContext({
    viewport: { width: 1280, height: 800 },
    ...options,
    extraHTTPHeaders: headers,
  });
};

export const openChat = async (reader: BrowserContext, address: string): Promise<ChatPage> => {
  const page = await reader.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (line) => {
    if (line.type() === 'error') complaints.push(line.text());
  });
  await page.goto(address);
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.waitFor();
  const turns = page.locator('li[data-turn]');
  return {
    page,
    complaints,
    message,
    turns,
    answer: (at = -1) => turns.nth(at).locator('.answer[data-running]'),
    pickBundle: async (name) => {
      await page.getByRole('button', { name: /who answers/iu }).click();
      await page.getByRole('menuitemradio', { name: new RegExp(`^${name}`, 'u') }).click();
    },
    send: async (text) => {
      await message.fill(text);
      await message.press('Enter');
    },
    ended: async () => {
      const over = page.locator(
        'li[data-turn]:last-child:not([data-status=sending], [data-status=queued_offline], [data-status=queued], [data-status=running])',
      );
      await over.waitFor({ timeout: 60_000 });
      return (await over.getAttribute('data-status')) ?? '';
    },
    conversationId: () => new URL(page.url()).pathname.split('/').at(-1) ?? '',
  };
};

/** The text as the reader sees it, once it is at least so long. */
export const grownTo = async (answer: Locator, atLeast: number): Promise<string> => {
  await answer.waitFor();
  for (;;) {
    const text = await answer.innerText();
    if (text.length >= atLeast) return text;
    await answer.page().waitForTimeout(50);
  }
};

interface StoredArtifact {
  type: string;
  data?: { text?: string; payload?: { rn?: string } };
}

/** What is stored of the last turn of a conversation. */
export const storedArtifacts = async (chat: ChatPage): Promise<StoredArtifact[]> => {
  const response = await chat.page.request.post(
    new URL(`/api/cb/conversations/demo/main/${chat.conversationId()}/fetch`, chat.page.url()).href,
    { data: { materialize: true } },
  );
  const { turns } = (await response.json()) as { turns: { artifacts: StoredArtifact[] }[] };
  return turns.at(-1)?.artifacts ?? [];
};

/** The answer to the last turn of a conversation as it is stored. */
export const storedAnswer = async (chat: ChatPage): Promise<string> => {
  const answer = (await storedArtifacts(chat)).find(({ type }) => type === 'chat:assistant');
  return answer?.data?.text ?? '';
};

const READ_KEPT = `new Promise((resolve, reject) => {
  const request = indexedDB.open('switchyard.outbox');
  request.onerror = () => reject(request.error);
  request.onsuccess = () => {
    const all = request.result.transaction('messages').objectStore('messages').getAll();
    all.onsuccess = () => {
      request.result.close();
      resolve(all.result.map(({ key, tab }) => ({ key, tab })));
    };
  };
})`;

/** Messages that wait in the browser's database: their keys, and the tab that sends each. */
export const keptMessages = (page: Page): Promise<{ key: string; tab: string }[]> => page.evaluate(READ_KEPT);
