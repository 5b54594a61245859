import type { SecretDocument } from '@switchyard/protocol';

/** Where secrets come from at a start. Another keeper of secrets is another object of this form. */
export interface SecretSource {
  /** For the log: what it is and where, never what is in it. */
  readonly name: string;
  /** Undefined: there is nothing there, which is no mistake. Rejects CONFIG when what is there cannot be read as a whole. */
  load(): Promise<SecretDocument | undefined>;
}
