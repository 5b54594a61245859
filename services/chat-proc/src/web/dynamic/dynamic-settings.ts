import { bytes, duration, integer } from '@switchyard/kernel';

/** Requests of sites that bundles answer. How many at once and how long each may take is the site's own to say. */
export const dynamicSettings = {
  webWait: duration('10s').describe(
    'Longest that a request of a site waits for one of the places that the site has in this worker.',
  ),
  webWork: duration('10m').describe(
    'Longest that a handler may go on after its answer went out, as for one that comes later.',
  ),
  webStreamIdle: duration('10m').describe(
    'An answer that streams, and of which nothing moved for so long, is broken off.',
  ),
  webBodyBuffer: bytes('25MiB').describe(
    'Up to this size the body of a request is handed whole to a channel handler; a larger one comes as a stream.',
  ),
  webBodyLimit: bytes('1GiB').describe('Largest body of a request to a dynamic route.'),
  webRequestTimeout: duration('1h').describe(
    'Longest that a request may take to arrive, large bodies and archives of sites included; web-proxy has shorter ones for clients.',
  ),
  webBodyBudget: bytes('128MiB').describe(
    'Bytes of request bodies that this worker holds at once for channel handlers.',
  ),
  webAnswerKeep: duration('5m').describe('How long an answer that came later waits to be fetched.'),
  webAnswerPending: duration('1h').describe(
    'How long a request that was accepted with 202 may stay unanswered.',
  ),
  webAnswerLimit: bytes('25MiB').describe(
    'Largest body of an answer that comes later or from another worker.',
  ),
  webCache: bytes('32MiB').describe('Memory for answers that sites have kept for a while, per worker.'),
  webLogLines: integer(1000, 10, 100_000).describe('Requests of a site that its log remembers.'),
};
