/** A reader's message: what kind it is and its text, where it has one. */
export type OnMessage = (event: string, body: TokenMessage) => void;
export interface TokenMessage {
  readonly session_id?: string;
  readonly text?: string;
  readonly conversation?: { readonly session_id?: string };
}
