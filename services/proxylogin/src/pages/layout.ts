import { html } from './html.ts';
import type { Html } from './html.ts';
import { texts } from './texts.ts';

/** Where the pages' own files are; `createAssets` serves them. */
export interface AssetPaths {
  readonly styles: string;
}

export interface PageContent {
  readonly title: string;
  readonly lead?: string | undefined;
  readonly body: Html;
  /** More room, for lists. */
  readonly isWide?: boolean;
}

const MARK = html`<svg
  width="26"
  height="26"
  viewBox="0 0 22 22"
  fill="none"
  stroke="currentColor"
  stroke-width="2"
  stroke-linecap="round"
  aria-hidden="true"
>
  <path d="M4 20V2M4 16C4 10 16 12 16 2M18 20V9" />
</svg>`;

/** A whole page. Theme script and icon are the chat page's, from the same origin; without them the system's theme holds. */
export function renderPage({ title, lead, body, isWide }: PageContent, assets: AssetPaths): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="robots" content="noindex" />
        <title>${title} · ${texts.product}</title>
        <link rel="icon" href="/mark.svg" type="image/svg+xml" />
        <link rel="stylesheet" href="${assets.styles}" />
        <script src="/theme.js"></script>
      </head>
      <body>
        <main class="${isWide === true ? 'sheet wide' : 'sheet'}">
          <a class="brand" href="/">${MARK}<span>${texts.product}</span></a>
          <h1>${title}</h1>
          ${lead === undefined ? undefined : html`<p class="lead">${lead}</p>`} ${body}
        </main>
      </body>
    </html>`.text;
}
