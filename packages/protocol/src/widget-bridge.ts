import { z } from 'zod';

/** `GET .../widgets`: those that the caller may see. */
export const widgetListSchema = z.object({
  bundle_id: z.string(),
  version: z.string(),
  widgets: z.array(
    z.object({
      alias: z.string(),
      title: z.string(),
      icon: z.string().optional(),
      route: z.enum(['operations', 'public']),
    }),
  ),
});
export type WidgetList = z.output<typeof widgetListSchema>;

/** `POST .../widgets/{alias}/ticket`. `url` is the widget's page, to be opened in a sandboxed frame. */
export const widgetTicketSchema = z.object({
  ticket: z.string(),
  expires_at: z.string(),
  version: z.string(),
  url: z.string(),
});
export type WidgetTicket = z.output<typeof widgetTicketSchema>;

/** What a widget knows of where it stands. */
export interface WidgetContext {
  readonly bundle_id: string;
  readonly alias: string;
  readonly version: string;
  readonly tenant: string;
  readonly project: string;
  readonly user: { readonly user_id?: string; readonly username?: string; readonly user_type: string };
  /** The conversation beside it, when there is one. */
  readonly conversation_id?: string;
  readonly theme: 'light' | 'dark';
  readonly locale: string;
}

/** A refusal as a widget sees it: the stable `error_type` and the sentence that a client sees. */
export interface WidgetError {
  readonly status: number;
  readonly error_type: string;
  readonly message: string;
}

/** Messages of a widget to the page that holds it. `v`: the version of this table. */
export type FromWidget = { readonly v: 1 } & (
  | { readonly kind: 'hello' }
  | {
      readonly kind: 'call';
      readonly id: number;
      readonly operation: string;
      readonly input: unknown;
      readonly method: 'GET' | 'POST';
    }
  | { readonly kind: 'resize'; readonly height: number }
);

/** Messages of the page to a widget. */
export type ToWidget = { readonly v: 1 } & (
  | { readonly kind: 'context'; readonly context: WidgetContext }
  | { readonly kind: 'result'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly error: WidgetError }
  | { readonly kind: 'update'; readonly type: string; readonly data: Readonly<Record<string, unknown>> }
  /** Updates may have been missed: the widget reads again what it shows. */
  | { readonly kind: 'stale' }
);
