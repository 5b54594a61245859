import type { Clock } from '@switchyard/kernel';
import type { CapabilityArgs, CapabilityResult, ExecOffer, RunEvent } from '@switchyard/protocol';
import type { Capability, CapabilityCaller } from '../capability.ts';
import { defineCapability } from '../define-capability.ts';
import type { SecretMasks } from '../secret-masks.ts';
import type { ExecClient, RunAsked } from './exec-client.ts';
import { maskEvents } from './mask-events.ts';

type Program = CapabilityArgs<'exec', 'run'>[0];
type Result = CapabilityResult<'exec', 'run'>;

export interface ExecParts {
  readonly client: ExecClient;
  readonly masks: Pick<SecretMasks, 'masked'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** A turn asks whether code can be run before it offers that; the answer changes with a restart of the service. */
const OFFER_KEPT_MS = 15_000;

/** Generated code in the service for it. What a program prints is masked as what a bundle logs; its files go as they are. */
export function createExecCapability({ client, masks, clock }: ExecParts): Capability {
  const offer = keptOffer(client, clock);
  const maskFor =
    ({ bundleId }: CapabilityCaller) =>
    <T>(value: T): T =>
      masks.masked(bundleId, value);
  return defineCapability('exec', {
    describe: offer,
    async run(caller, program) {
      const result = await foldEvents(client.run(toAsked(program), caller.signal));
      const mask = maskFor(caller);
      return { ...result, stdout: mask(result.stdout), stderr: mask(result.stderr) };
    },
    async stream(caller, program) {
      const events = maskEvents(client.run(toAsked(program), caller.signal), maskFor(caller));
      // A refusal is the call's; afterwards the stream can only break.
      const first = await events.next();
      return { events: toLines(first, events) };
    },
  });
}

function keptOffer(client: ExecClient, clock: Pick<Clock, 'monotonic'>): () => Promise<ExecOffer | null> {
  let kept: { offer: ExecOffer | null; at: number } | undefined;
  return async () => {
    if (kept !== undefined && clock.monotonic() - kept.at < OFFER_KEPT_MS) return kept.offer;
    // One that does not answer runs nothing: who asks can do without.
    const offer = await client.offer().catch(() => undefined);
    kept = {
      offer: offer === undefined || offer.languages.length === 0 ? null : offer,
      at: clock.monotonic(),
    };
    return kept.offer;
  };
}

function toAsked({ language, code, command, stdin, files, timeoutMs, memoryMb }: Program): RunAsked {
  return {
    language,
    code,
    command,
    stdin,
    files: files.map(({ path, bytes }) => ({ path, content: Buffer.from(bytes).toString('base64') })),
    limits: { timeout_ms: timeoutMs, memory_mb: memoryMb },
  };
}

async function foldEvents(events: AsyncIterable<RunEvent>): Promise<Result> {
  const text = { stdout: '', stderr: '' };
  const files: Result['files'] = [];
  for await (const event of events) {
    if (event.type === 'output') text[event.stream] += event.text;
    else if (event.type === 'file')
      files.push({ path: event.path, bytes: Buffer.from(event.content, 'base64') });
    else if (event.type === 'end') {
      const { exit_code, signal, cause, left_out } = event;
      return { exit_code, signal, cause, left_out, ...text, timed_out: cause === 'timeout', files };
    }
  }
  throw new Error('the run ended without its end');
}

async function* toLines(
  first: IteratorResult<RunEvent, void>,
  rest: AsyncGenerator<RunEvent>,
): AsyncGenerator<Uint8Array> {
  try {
    if (first.done !== true) yield toLine(first.value);
    for await (const event of rest) yield toLine(event);
  } finally {
    // Nobody reads on: the program is ended.
    await rest.return(undefined);
  }
}

function toLine(event: RunEvent): Uint8Array {
  return Buffer.from(`${JSON.stringify(event)}\n`);
}
