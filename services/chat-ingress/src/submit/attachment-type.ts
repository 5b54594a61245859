/** What a file is, by its content; decides its limit and how it may be shown. */
export type AttachmentKind = 'image' | 'pdf' | 'file';

export type TypeDecision =
  | { kind: AttachmentKind; mime: string }
  | { refused: 'type_mismatch'; claimed: string; found: string };

const TEXT_TYPES =
  /^(text\/[a-z0-9.+-]+|application\/(json|xml|yaml|x-yaml|javascript|x-ndjson|sql|toml)|image\/svg\+xml)$/;
const BINARY = 'application/octet-stream';

/**
 * The content decides, the claim only chooses among kinds of text. A claim to be an image or a PDF that the content does not
 * keep is refused: what shows or parses it would be given something else. `sniffed` is undefined for what has no signature.
 */
export function decideAttachmentType(
  claimed: string,
  sniffed: string | undefined,
  isText: boolean,
): TypeDecision {
  const claim = (claimed.split(';')[0] ?? '').trim().toLowerCase();
  const isMarkup = claim === 'image/svg+xml' && isText;
  const found = isMarkup
    ? claim
    : (sniffed ?? (isText ? (TEXT_TYPES.test(claim) ? claim : 'text/plain') : BINARY));
  const claimsImage = claim.startsWith('image/') && !found.startsWith('image/');
  const claimsPdf = claim === 'application/pdf' && found !== claim;
  if (claimsImage || claimsPdf) return { refused: 'type_mismatch', claimed: claim, found };
  return { kind: kindOf(found), mime: found };
}

function kindOf(mime: string): AttachmentKind {
  if (mime === 'application/pdf') return 'pdf';
  return mime.startsWith('image/') ? 'image' : 'file';
}

/** UTF-8 without NUL: text, for our purposes. `bytes` may end in the middle of a character. */
export function looksLikeText(bytes: Uint8Array): boolean {
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
