import http from 'node:http';

export interface LiveTurns {
  /** Ends when each conversation's last turn has ended. */
  stop(): Promise<{ turns: number; dropped: number; mixed: number; older: number; versions: number }>;
}

export interface LiveOptions {
  readonly url: string;
  readonly tokens: readonly string[];
  readonly bundleId: string;
  readonly words: number;
  /** Labels that may answer a turn that is sent now or was sent before: all from the last acknowledged one on. */
  readonly served: { readonly history: readonly string[]; readonly acknowledged: number };
}

/** So many conversations, in each of which a turn runs at every moment. Resolves when every one has begun. */
export async function startLiveTurns(count: number, options: LiveOptions): Promise<LiveTurns> {
  const state = { isOver: false, turns: 0, dropped: 0, mixed: 0, older: 0 };
  const versions = new Set<string>();
  const { words, served } = options;
  const turn = async (conversation: number, tellBegun: () => void): Promise<void> => {
    const from = served.acknowledged;
    const { answer, isWhole } = await ask(options, conversation, tellBegun);
    const label = answer.split(' ')[0] ?? '';
    state.turns += 1;
    versions.add(label);
    if (!isWhole) state.dropped += 1;
    else if (answer !== `${label} `.repeat(words)) state.mixed += 1;
    else if (!served.history.slice(from).includes(label)) state.older += 1;
  };
  const begun: Promise<void>[] = [];
  const talks = Array.from({ length: count }, async (_each, conversation) => {
    const first = Promise.withResolvers<void>();
    begun.push(first.promise);
    do await turn(conversation, first.resolve);
    while (!state.isOver);
  });
  const all = Promise.all(talks);
  await Promise.race([Promise.all(begun), all]);
  return {
    async stop() {
      state.isOver = true;
      await all;
      const { turns, dropped, mixed, older } = state;
      return { turns, dropped, mixed, older, versions: versions.size };
    },
  };
}

/** One message whose answer streams back on the same request. */
function ask(
  { url, tokens, bundleId }: LiveOptions,
  conversation: number,
  onWord: () => void,
): Promise<{ answer: string; isWhole: boolean }> {
  const body = JSON.stringify({
    message: 'go',
    bundle_id: bundleId,
    conversation_id: `c-live-${conversation}`,
  });
  const headers = {
    accept: 'text/event-stream',
    'content-type': 'application/json',
    authorization: `Bearer ${tokens[conversation % tokens.length] ?? ''}`,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}/api/chat/messages`, { method: 'POST', agent: false, headers });
    request.on('error', reject).on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (text.includes('event: chat_delta')) onWord();
      });
      response.on('error', reject).on('end', () => resolve(readAnswer(text)));
    });
    request.end(body);
  });
}

function readAnswer(stream: string): { answer: string; isWhole: boolean } {
  let answer = '';
  let ends = 0;
  for (const frame of stream.split('\n\n')) {
    const event = /^event: ?(\S+)$/mu.exec(frame)?.[1];
    if (event === 'chat_complete') ends += 1;
    if (event !== 'chat_delta') continue;
    const { delta } = JSON.parse(/^data: ?(.*)$/mu.exec(frame)?.[1] ?? '{}') as {
      delta?: { text?: string; marker?: string };
    };
    if (delta?.marker === 'answer') answer += delta.text ?? '';
  }
  return { answer, isWhole: ends === 1 };
}
