import type { BundleEvent, Citation, Usage } from '@switchyard/protocol';
import type { BundleLogLine, ProducedFile } from '@switchyard/runner';

type Step = Extract<BundleEvent, { kind: 'step' }>;
type Notice = Omit<Extract<BundleEvent, { kind: 'notify' }>, 'kind'>;

/** Everything that was heard of one invocation, in the words of its author. */
export class Recording {
  /** All of it, in order; deltas that came together may be one. */
  readonly events: BundleEvent[] = [];
  readonly logs: BundleLogLine[] = [];
  readonly files: { filename: string; mime: string; bytes: Uint8Array; text: string }[] = [];

  /** The answer deltas, joined. */
  get answer(): string {
    return this.textOf('answer');
  }

  get thinking(): string {
    return this.textOf('thinking');
  }

  get steps(): Step[] {
    return this.events.filter((event) => event.kind === 'step');
  }

  get citations(): Citation[] {
    return this.events.findLast((event) => event.kind === 'citations')?.items ?? [];
  }

  get followups(): string[] {
    return this.events.findLast((event) => event.kind === 'followups')?.items ?? [];
  }

  get title(): string | undefined {
    return this.events.findLast((event) => event.kind === 'title')?.title;
  }

  get usage(): Usage[] {
    return this.events.flatMap((event) => (event.kind === 'usage' ? [event.usage] : []));
  }

  /** Live updates to pages. */
  get notices(): Notice[] {
    return this.events.flatMap((event) =>
      event.kind === 'notify' ? [{ to: event.to, type: event.type, data: event.data }] : [],
    );
  }

  textOf(marker: string): string {
    return this.events
      .flatMap((event) => (event.kind === 'delta' && event.marker === marker ? [event.text] : []))
      .join('');
  }

  async take(event: BundleEvent, file: ProducedFile | undefined): Promise<void> {
    this.events.push(event);
    if (event.kind !== 'file' || file === undefined) return;
    const chunks: Uint8Array[] = [];
    for await (const chunk of file.bytes()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    this.files.push({ filename: event.filename, mime: event.mime, bytes, text: bytes.toString('utf8') });
  }
}
