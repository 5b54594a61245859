import { useConfig } from '../app/queries.ts';
import { texts } from '../texts.ts';

export interface AttachmentRules {
  isEnabled: boolean;
  maxFiles: number;
  maxBytes: number;
  maxCharacters: number;
}

/** What the server says that it takes. Until it has said so: no files, and the wire's usual length. */
export function useAttachments(): AttachmentRules {
  const config = useConfig();
  return {
    isEnabled: config?.features['attachments'] ?? false,
    maxFiles: config?.limits.max_attachments ?? 0,
    maxBytes: config?.limits.max_message_bytes ?? 0,
    maxCharacters: config?.limits.max_message_characters ?? 32_000,
  };
}

/** Why this message cannot go, in words; undefined when it can. */
export function objectionTo(
  text: string,
  files: readonly File[],
  rules: AttachmentRules,
): string | undefined {
  const over = text.length - rules.maxCharacters;
  if (over > 0) return texts.composer.tooLong(over);
  if (files.length > rules.maxFiles) return texts.composer.tooMany(rules.maxFiles);
  const big = files.find((file) => file.size > rules.maxBytes);
  return big === undefined ? undefined : texts.composer.tooBig(big.name);
}
