import { PlatformError } from '@switchyard/kernel';

/** `rate_limit.attachment_failure` (03 §4): 400, names the file; the whole message is refused. */
export function attachmentRefused(
  filename: string,
  reason: string,
  message: string,
  more: Record<string, unknown> = {},
): PlatformError {
  return PlatformError.of('ATTACHMENT_REFUSED', `${filename}: ${message}`, {
    details: { filename, reason, ...more },
  });
}
