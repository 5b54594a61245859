/** An answer that is an error, in the shape of this API (06 §1): `{"error": phrase, "detail": ...}`. The phrase is stable. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly detail: unknown;

  constructor(status: number, phrase: string, detail?: unknown) {
    super(phrase);
    this.status = status;
    this.detail = detail;
  }

  get body(): { error: string; detail: unknown } {
    return { error: this.message, detail: this.detail ?? this.message };
  }
}
