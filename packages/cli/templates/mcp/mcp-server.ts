/** The newest version of the protocol that this was written for; a server may answer with an older one. */
const PROTOCOL = '2025-06-18';
/** Longest answer that is read, in characters. */
const MAX_ANSWER = 1_000_000;
/** A list of tools that goes on for ever is a broken one. */
const MAX_PAGES = 50;

/** A tool as its server describes it. `input` is JSON Schema. */
export interface McpTool {
  readonly name: string;
  readonly description?: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export interface McpAnswer {
  readonly isError: boolean;
  /** What the server says in a form for programs. */
  readonly structured?: unknown;
  /** Text, images and more, as the server sent them. */
  readonly content: readonly { readonly type: string; readonly text?: string }[];
}

export interface McpConnection {
  readonly url: string;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** The header `authorization`; without, none is sent. */
  readonly authorization?: string | undefined;
  /** Aborts what is under way. */
  readonly signal?: AbortSignal;
}

/** What a server has said of a session: sent along with every further request. */
type Session = Readonly<Record<string, string>>;

/** Sessions by server and whoever is signed in there. Two first calls at once open two: the later one is kept. */
const sessions = new Map<string, Session>();

/** Every tool of the server. Rejects with a sentence about what is wrong there. */
export async function listTools(connection: McpConnection): Promise<McpTool[]> {
  const tools: McpTool[] = [];
  let cursor: unknown;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const listed = await ask(connection, 'tools/list', cursor === undefined ? {} : { cursor });
    for (const tool of arrayOf(listed['tools'])) tools.push(toTool(tool));
    cursor = listed['nextCursor'];
    if (typeof cursor !== 'string') return tools;
  }
  throw new Error(`The list of tools has more than ${MAX_PAGES} pages.`);
}

/** One call, made once: only a session that the server has forgotten is opened anew, before the tool has run. */
export async function callTool(connection: McpConnection, name: string, input: unknown): Promise<McpAnswer> {
  const result = await ask(connection, 'tools/call', { name, arguments: input ?? {} });
  const structured = result['structuredContent'];
  return {
    isError: result['isError'] === true,
    content: arrayOf(result['content']) as McpAnswer['content'],
    ...(structured === undefined ? {} : { structured }),
  };
}

async function ask(connection: McpConnection, method: string, params: object): Promise<JsonObject> {
  const key = `${connection.url} ${connection.authorization ?? ''}`;
  const known = sessions.get(key);
  const session = known ?? (await openSession(connection));
  sessions.set(key, session);
  const response = await send(connection, { jsonrpc: '2.0', id: 1, method, params }, session);
  if (response.status !== 404 || known === undefined) return readResult(response);
  await response.body?.cancel();
  sessions.delete(key);
  return ask(connection, method, params);
}

async function openSession(connection: McpConnection): Promise<Session> {
  const clientInfo = { name: 'switchyard', version: '1' };
  const params = { protocolVersion: PROTOCOL, capabilities: {}, clientInfo };
  const response = await send(connection, { jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const id = response.headers.get('mcp-session-id');
  const { protocolVersion } = await readResult(response);
  const session = {
    'mcp-protocol-version': typeof protocolVersion === 'string' ? protocolVersion : PROTOCOL,
    ...(id === null ? {} : { 'mcp-session-id': id }),
  };
  const told = await send(connection, { jsonrpc: '2.0', method: 'notifications/initialized' }, session);
  await told.body?.cancel();
  return session;
}

function send({ url, fetch, authorization, signal }: McpConnection, message: object, session: Session = {}) {
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(authorization === undefined ? {} : { authorization }),
      ...session,
    },
    body: JSON.stringify(message),
    ...(signal === undefined ? {} : { signal }),
  });
}

type JsonObject = Readonly<Record<string, unknown>>;

async function readResult(response: Response): Promise<JsonObject> {
  if (!response.ok) {
    await response.body?.cancel();
    const hint = response.status === 401 || response.status === 403 ? ' It wants another authorization.' : '';
    throw new Error(`The MCP server answered ${response.status}.${hint}`);
  }
  const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') === true;
  const answer = isStream ? await readFromStream(response) : toObject(await readText(response));
  const error = answer['error'];
  if (error !== undefined) throw new Error(`The MCP server refused it: ${messageOf(error)}`);
  return toObject(answer['result']);
}

/** The first message of the stream that is an answer; what the server tells meanwhile is passed over. */
async function readFromStream(response: Response): Promise<JsonObject> {
  let text = '';
  for await (const chunk of textOf(response)) {
    text = `${text}${chunk}`.replaceAll('\r\n', '\n');
    const events = text.split('\n\n');
    // What follows the last empty line is not whole yet.
    text = events.pop() ?? '';
    for (const event of events) {
      const message = toObject(dataOf(event));
      if ('result' in message || 'error' in message) return message;
    }
  }
  throw new Error('The MCP server ended its answer without a result.');
}

/** The lines `data:` of an event, joined as the standard has it. */
const dataOf = (event: string): string =>
  event
    .split('\n')
    .flatMap((line) => (line.startsWith('data:') ? [line.slice(5).trimStart()] : []))
    .join('\n');

async function readText(response: Response): Promise<string> {
  let text = '';
  for await (const chunk of textOf(response)) text += chunk;
  return text;
}

async function* textOf(response: Response): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let length = 0;
  for await (const bytes of response.body ?? []) {
    const chunk = decoder.decode(bytes, { stream: true });
    length += chunk.length;
    if (length > MAX_ANSWER)
      throw new Error(`The MCP server's answer is longer than ${MAX_ANSWER} characters.`);
    yield chunk;
  }
}

function toTool(listed: unknown): McpTool {
  const { name, description, inputSchema } = toObject(listed);
  if (typeof name !== 'string') throw new Error('The MCP server lists a tool without a name.');
  return {
    name,
    ...(typeof description === 'string' ? { description } : {}),
    input: toObject(inputSchema ?? {}),
  };
}

/** An object, of text or of a value; what is none is an empty one. */
function toObject(value: unknown): JsonObject {
  const parsed = typeof value === 'string' ? parse(value) : value;
  return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)
    ? (parsed as JsonObject)
    : {};
}

function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('The MCP server answered something that is no JSON.');
  }
}

const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function messageOf(error: unknown): string {
  const { message } = toObject(error);
  return typeof message === 'string' ? message : 'no reason given';
}
