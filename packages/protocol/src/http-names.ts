/** Names of headers, cookies and query parameters on the wire (03 §1). The cookie names are config; these are its defaults. */
export const HEADER = {
  idToken: 'x-id-token',
  sessionId: 'user-session-id',
  streamId: 'kdc-stream-id',
  timezone: 'x-user-timezone',
  utcOffset: 'x-user-utc-offset',
  idempotencyKey: 'idempotency-key',
  lastEventId: 'last-event-id',
  userType: 'x-user-type',
  answerSessionId: 'x-session-id',
  requestId: 'x-request-id',
  resumedFrom: 'x-resumed-from',
} as const;

export const COOKIE = {
  accessToken: '__Secure-LATC',
  idToken: '__Secure-LITC',
  masked: '__Secure-LMTC',
  anonymous: '__Secure-SYAN',
} as const;

export const QUERY = {
  accessToken: 'bearer_token',
  idToken: 'id_token',
  sessionId: 'user_session_id',
  streamTicket: 'stream_ticket',
  widgetTicket: 'widget_ticket',
  streamId: 'stream_id',
  lastEventId: 'last_event_id',
} as const;
