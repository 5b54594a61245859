/** What of a version tells whether it can be gone back to. */
export interface VersionView {
  readonly version: string;
  readonly status: string;
  readonly is_active: boolean;
  readonly error: string | null;
  readonly created_at: string;
  /** When it came to serve last, ISO 8601; null: never. */
  readonly activated_at: string | null;
}

/** The version that served before the one that serves now, of those that are still there. Not the one made before: old content may have come back. */
export function formerVersion(versions: readonly VersionView[]): string | undefined {
  const [former] = versions
    .filter(
      ({ status, is_active: isActive, activated_at: at }) => status === 'ready' && !isActive && at !== null,
    )
    .toSorted((one, other) => Date.parse(other.activated_at ?? '') - Date.parse(one.activated_at ?? ''));
  return former?.version;
}
