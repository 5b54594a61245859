import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import type { Case, SendStep, Step } from './case.ts';
import { findDifference } from './matches.ts';

/** A busy machine is slow, not wrong. */
const PATIENCE_MS = 20_000;
const TERMINAL = new Set(['succeeded', 'failed', 'canceled']);

/** Runs one case against a server. Rejects with the first difference. */
export async function runCase({ steps }: Case, url: string, bench: Bench): Promise<void> {
  const saved: Record<string, string> = { ...bench.places };
  for (const [index, step] of steps.entries()) {
    try {
      await runStep(fill(step, saved), url, bench, saved);
    } catch (error) {
      throw new Error(`step ${index + 1}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function fill<T>(value: T, saved: Record<string, string>): T {
  const text = JSON.stringify(value).replaceAll(
    /\{\{(\w+)\}\}/gu,
    (_, name: string) => saved[name] ?? `{{${name}}}`,
  );
  return JSON.parse(text) as T;
}

async function runStep(step: Step, url: string, bench: Bench, saved: Record<string, string>): Promise<void> {
  const { send, webhooks, uploads } = step;
  if (webhooks !== undefined) await expectWebhooks(webhooks, bench);
  if (uploads !== undefined) expectUploads(uploads, bench);
  if (send === undefined) return;
  if (step.times !== undefined) return expectTimes(send, step.times, url);
  if (step.events !== undefined) return expectEvents(send, step.events, url);
  const until = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await request(url, send);
    const difference = findDifference(step.expect ?? {}, answer);
    if (difference === undefined) {
      for (const [name, key] of Object.entries(step.save ?? {}))
        saved[name] = String(Reflect.get(answer.body as object, key));
      return;
    }
    if (step.poll !== true || performance.now() > until) throw new Error(difference);
    await sleep(20);
  }
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

async function open(url: string, { method, path, headers, body, raw }: SendStep): Promise<Response> {
  const content = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  return fetch(url + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(content === undefined ? {} : { body: content }),
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
}

async function request(url: string, send: SendStep): Promise<Answer> {
  const response = await open(url, send);
  const text = await response.text();
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // Not every answer is JSON.
  }
  return { status: response.status, headers: Object.fromEntries(response.headers), body };
}

async function expectTimes(
  send: SendStep,
  { count, one, others }: NonNullable<Step['times']>,
  url: string,
): Promise<void> {
  const answers = await Promise.all(Array.from({ length: count }, () => request(url, send)));
  const ones = answers.filter((answer) => findDifference(one, answer) === undefined);
  if (ones.length !== 1)
    throw new Error(
      `${ones.length} answers of ${count} fit the one: ${JSON.stringify(answers).slice(0, 600)}`,
    );
  for (const answer of answers) {
    if (answer === ones[0]) continue;
    const difference = findDifference(others, answer);
    if (difference !== undefined) throw new Error(difference);
  }
}

async function expectEvents(send: SendStep, wanted: NonNullable<Step['events']>, url: string): Promise<void> {
  const response = await open(url, { ...send, headers: { accept: 'text/event-stream', ...send.headers } });
  const frames = (await response.text()).split('\n\n').filter((frame) => frame.includes('event: '));
  const got = frames.map((frame) => {
    const field = (name: string) =>
      frame
        .split('\n')
        .find((line) => line.startsWith(`${name}: `))
        ?.slice(name.length + 2);
    return { id: field('id'), event: field('event'), data: JSON.parse(field('data') ?? 'null') as unknown };
  });
  let at = 0;
  for (const event of wanted) {
    const found = got.findIndex((one, index) => index >= at && findDifference(event, one) === undefined);
    if (found === -1)
      throw new Error(
        `no event like ${JSON.stringify(event)} after ${at} in ${JSON.stringify(got).slice(0, 1500)}`,
      );
    at = found + 1;
  }
  if (at !== got.length) throw new Error(`${got.length - at} events after the last wanted one`);
}

async function expectWebhooks(
  { key, last, first, headers, terminal, atMost }: NonNullable<Step['webhooks']>,
  bench: Bench,
): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  const all = () => bench.deliveries.get(key) ?? [];
  const ended = () => all().filter(({ body }) => TERMINAL.has(String(body['status'])));
  while (ended().length < terminal) {
    if (performance.now() > until)
      throw new Error(`${ended().length} terminal deliveries: ${JSON.stringify(all()).slice(0, 800)}`);
    await sleep(20);
  }
  // What must not come has had time to: longer than the wait between two deliveries.
  await sleep(700);
  if (ended().length !== terminal)
    throw new Error(`${ended().length} terminal deliveries, wanted ${terminal}`);
  if (atMost !== undefined && all().length > atMost)
    throw new Error(`${all().length} deliveries, at most ${atMost}`);
  const difference =
    findDifference(last, all().at(-1)?.body) ??
    (first === undefined ? undefined : findDifference(first, all()[0]?.body)) ??
    (headers === undefined ? undefined : findDifference(headers, all().at(-1)?.headers));
  if (difference !== undefined) throw new Error(difference);
}

function expectUploads(wanted: NonNullable<Step['uploads']>, bench: Bench): void {
  for (const { name, headers, text } of wanted) {
    const found = bench.uploads.filter(
      (one) => one.name === name && one.headers['x-prediction-id'] === headers['x-prediction-id'],
    );
    if (found.length !== 1) throw new Error(`${found.length} uploads of ${name}`);
    const difference = findDifference({ headers, text }, found[0]);
    if (difference !== undefined) throw new Error(difference);
  }
}
