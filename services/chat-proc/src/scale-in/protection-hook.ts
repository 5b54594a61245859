/** How the machinery around a worker is told not to take it away. */
export interface ProtectionHook {
  readonly name: string;
  /** Rejects when it was not heard, or heard and refused. Bounded in time. */
  set(isProtected: boolean, signal: AbortSignal): Promise<void>;
  /** It forgets after this many milliseconds unless it is told again; absent: never. */
  readonly expiresMs?: number;
}
