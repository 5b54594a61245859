/** A sentence of the web gateway's design, and the tests that hold it: the name of a row in `static-rows.ts`, or the title of a test. */
export type ConformanceTable = Readonly<Record<string, readonly string[]>>;

export const CONFORMANCE: ConformanceTable = {
  // capability
  'publish, unpublish, list, url, deploy, deploys, rollback, route': [
    'a scope is only ever narrowed, by whole segments',
    'rollback moves the pointer back, and assets of the former deploy stay',
    'what was published is listed by pages, addressed and taken back',
    'a declared route is of the bundle that declared it, and of the folder that its scope holds',
  ],
  'respond: the first one wins, a later one gets the first status back': [
    'the first of several answers; the later ones are told its status',
    'the first of two answers at once',
  ],
  'wrong arguments are values, a scope violation throws': [
    'a scope is only ever narrowed, by whole segments',
  ],
  'whole segments, after normalisation; dots, NUL, backslash, empty and encoded ones refused': [
    'a scope is only ever narrowed, by whole segments',
    'a declared route is of the bundle that declared it, and of the folder that its scope holds',
  ],
  'percent and underscore are ordinary characters': [
    'a scope is only ever narrowed, by whole segments',
    'a percent sign',
  ],
  // store
  'contents by their hash, compressed forms made once': [
    'text has both compressed forms, made once; what is small, large or compressed already has none',
  ],
  'a deploy becomes active by one pointer': [
    'twenty deploys under sixty-four clients: no page without its assets, no mixture, and old pages go on',
  ],
  'rollback is the same update': ['rollback moves the pointer back, and assets of the former deploy stay'],
  'unreferenced contents are collected after a grace period': [
    'takes what no deploy names with all its forms, and leaves what one names',
    'leaves what was stored within its grace, though no deploy names it yet',
    'one that dies before its end has removed bytes, not rows; who stores them again has all of them',
    'beside uploads of the same contents: what a put has promised is there',
  ],
  'streamed, never whole in memory over 1 MB': [
    'a large one comes and goes in chunks, also a part of it; one over the limit leaves nothing',
    'a file over what is kept in memory is streamed, whole and in parts',
  ],
  // static serving
  'lookup: exact path': ['an exact file', 'an encoded name'],
  'lookup: the index of a folder': ['the index of the root', 'a folder'],
  'lookup: clean addresses': ['a clean address', 'a clean address with a slash'],
  'lookup: 308 to the slash': ['a folder without its slash'],
  'lookup: nearest 404': ['the nearest 404', 'the 404 of the root'],
  'lookup: single-page sites': [
    'a single-page site: navigations that find nothing get the page, assets stay 404',
  ],
  'validators: strong tag, another for each coding': ['a tag that fits', 'br', 'anything'],
  'validators: If-None-Match, list and any': [
    'a tag that fits',
    'any tag',
    'a tag that does not fit, over a date that does',
  ],
  'validators: If-Modified-Since': ['a later date', 'an earlier date'],
  'validators: HEAD': ['HEAD', 'HEAD of what is not there'],
  'validators: If-Range': ['If-Range that fits', 'If-Range of another content', 'If-Range that is weak'],
  'ranges: single and several': [
    'a range',
    'a range from the end',
    'several ranges',
    'overlapping ranges are one',
  ],
  'ranges: 416': ['a range beyond the end', 'a range from beyond any number', 'the last nothing'],
  'ranges: what is none is passed over, and too many are': [
    'a malformed range',
    'another unit',
    'a range of HEAD',
    'more ranges than anybody needs',
    'a range of what has not changed',
    'a range of a page that says 404',
  ],
  'ranges: no byte is sent twice': [
    'overlapping ranges are one',
    'the whole file sixteen times over',
    'a range to beyond any number',
  ],
  'ranges: never over a compressed form': ['no range of a compressed form'],
  'negotiation: quality values and Vary': [
    'br',
    'br that is refused',
    'nothing said',
    'a weight that is no number',
    'plain bytes where they weigh more',
    'what does not shrink has one form',
  ],
  'caching: revalidated, and immutable by name': ['the index of the root', 'a hashed name'],
  'caching: assets of the last deploys stay for their time': [
    'rollback moves the pointer back, and assets of the former deploy stay',
    'assets of a former deploy go when their time is over, its pages at once',
    'assets of a former deploy stay for their time, however many deploys come after it, within a bound of files',
  ],
  'rules: _headers with splats, placeholders and removal': [
    'a placeholder in a header',
    'comments, empty lines, line ends of Windows, and rules that name a host',
  ],
  'rules: what _headers may not say': [
    'what frames an answer cannot be set, whatever its letters, and neither can a cookie for everybody',
    'a line that could end a header early is no header',
  ],
  'rules: limits': [
    'so many rules, so many headers a rule, lines so long; the rest is told',
    'so many rules, and the others are told',
  ],
  'rules: _redirects with splats, placeholders, statuses, parameters': [
    'a redirect',
    'a splat',
    'placeholders',
    'a rewrite',
    'a rule for 404',
    'a rule for a parameter',
    'a parameter that is not there',
    'another server',
    'a status that is not said, a comment behind a rule, a host before it, parameters',
  ],
  'rules: forced': ['a file goes before a redirect', 'unless it is forced'],
  'rules: errors are shown at the deploy': [
    'every row of the table of static serving',
    'what another service would do and this one does not is told, never done in half',
    'the files of rules are hidden, a single-page site without its page is told, problems are bounded',
  ],
  'types: charset and nosniff': ['the index of the root'],
  'errors: 405, 400, 414, 431': [
    'another method',
    'a malformed escape',
    'half an escape',
    'an address that is too long',
    'headers that are too large',
  ],
  // dynamic requests
  'the message, cleaned of what proves somebody': [
    'the message: query with repeats, headers, cookies, body; nothing that proves somebody to the platform',
    "Authorization where the route asks for it, and never the platform's own token",
  ],
  'two forms, one mechanism': [
    'a Request by fetch, with the site and an address of the site',
    'binary both ways, through both forms',
  ],
  'streams, and events': ['events while they come; who leaves ends them'],
  'parallel, bounded, 503 with Retry-After': [
    'as many at once as the site says, a bounded line, and 503 beyond it; other sites do not notice',
  ],
  'one execution a request': ['500 by each form: none lost, none run twice'],
  'fair beside turns': [
    '500 requests that hold every place they can get keep no turn waiting: none lost, none run twice',
  ],
  'a client that leaves aborts the handler': [
    '/%s: who leaves before the answer aborts the handler',
    'events while they come; who leaves ends them',
  ],
  'no handler 503, no answer 504, failed, silent or nonsense 502, with a request id and nothing of the inside':
    [
      '%s: %d, with a request id and nothing of the inside',
      'a body that is not as long as announced breaks off and never runs into the next answer',
    ],
  'rows of late answers go when delivered, and after their time': [
    'an answer that nobody fetched goes five minutes after it came, a request without one after its own time',
    'from a job of the bundle, on the same request',
  ],
  'methods of a route': ['405 with Allow where the route names methods'],
  '202 and the status, answers of jobs and of other workers': [
    "after a 202: fetched once; the second answer is told the first one's status",
    'from a job in another worker, by way of the row, which goes',
  ],
  'headers pass whole, illegal ones do not': [
    "whole headers, several cookies, and not those that are the platform's",
    'a header that would end its line is told to its author, and the request stays open',
  ],
  'other origins': [
    'a preflight is answered by the gateway alone',
    'an answer says the origin that asked, and any without credentials',
  ],
  'bodies, buffered and streamed': ['a large body as a stream, a small one whole, and none over the limit'],
  'compressed bodies are not unpacked': ['compressed bytes as they came: nothing is unpacked on the way'],
  'access: Cloudflare': [
    'lets in whom a token names, by header or cookie, and tells the handler who it is',
    'refuses everything else with 403, and runs nothing',
    'asks for the keys once more when one is unknown, and 503 when they cannot be had',
  ],
  'access: users of the platform and their types': ['a site for users of the platform'],
  'micro-cache: off, by its key, purged': [
    'only where the site wants it',
    'go with a purge of their tag, in every worker, and with a deploy',
    'are given once more when stale, while a new one is made',
  ],
  // what must not be
  'traversal in every encoding': [
    'traversal /../etc/passwd',
    'traversal /docs%5cindex.html',
    'traversal /%00',
    'encoded twice is a name',
    'an overlong escape',
    'an overlong slash',
  ],
  'requests that are two': ['%s: refused, and the second one never runs'],
  'caches are not poisoned by what is in no key': [
    'hold nothing of a header that is not in their key',
    'never to or from who brings a cookie or a password, and never with one',
    'forwarded names',
    'another method by a header',
  ],
  'a path that a handler would read otherwise': ['%s: 400, whatever a handler would make of it'],
  'redirects lead to no other host': ['a redirect to no other host', 'a redirect to no other host, encoded'],
  'sandboxed on the shared origin': [
    'on the shared origin a site is sandboxed, relative and without workers',
  ],
};
