/** Limits of a submission (03 §4), in characters and bytes. Config of ingress and proxy; these are the defaults of both. */
export const DEFAULT_LIMITS = {
  maxMessageCharacters: 32_000,
  maxMessageBytes: 25 * 1024 * 1024,
  maxImageBytes: 5 * 1024 * 1024,
  maxPdfBytes: 10 * 1024 * 1024,
  maxFileBytes: 25 * 1024 * 1024,
  maxAttachments: 20,
  maxEvents: 50,
  maxMailboxItems: 50,
} as const;
