/** The page for signing in, which leads back to where the reader is. */
export function signInAddress(
  signInPath: string,
  { pathname, search }: Pick<Location, 'pathname' | 'search'>,
): string {
  return `${signInPath}?to=${encodeURIComponent(`${pathname}${search}`)}`;
}
