import { createHash } from 'node:crypto';

/** It stands at every depth, and below `/sites/{name}/` on the shared origin: only the address it came by says where the site begins. */
const FIND_BASE =
  "document.write('<base href=\"'+(/^\\/sites\\/[a-z0-9@-]+\\/|^\\/site-root\\//.exec(location.pathname)||['/'])[0]+'\">')";

/** Without scripts the site is taken to have an origin of its own. */
export const NOT_FOUND_BASE = `<script>${FIND_BASE}</script><noscript><base href="/"></noscript>`;
/** For `script-src`. */
export const NOT_FOUND_SCRIPT_HASH = `'sha256-${createHash('sha256').update(FIND_BASE).digest('base64')}'`;

export const NOT_FOUND_HTML = `<article class="missing"><p class="kicker">404</p><h1>There is no such page</h1>
<p>It may have moved, or never been here. Search for what you need, or begin at the <a href="./">first page</a>.</p></article>`;
