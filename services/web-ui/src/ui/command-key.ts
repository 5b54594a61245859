/** `⌘K` on Apple's keyboards, `Ctrl K` elsewhere. */
export function commandKey(key: string): string {
  return /mac|iphone|ipad/i.test(navigator.userAgent) ? `⌘${key}` : `Ctrl ${key}`;
}
