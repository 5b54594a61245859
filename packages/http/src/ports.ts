/** What the app shell needs of a logger: pino's calls, fields first. The implementation lives in `telemetry`. */
export interface HttpLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the app shell needs of a metrics registry. `render` answers `/metrics`; `observeRequest` counts one answered request. */
export interface HttpMetrics {
  render(): Promise<{ contentType: string; body: string }>;
  observeRequest(request: { method: string; route: string; status: number; seconds: number }): void;
}
