import { bytes, duration, integer, text } from '@switchyard/kernel';

/** Sites: where they are, how large they may be, how long what they were stays. */
export const siteSettings = {
  publicUrl: text('http://localhost:8080').describe('Where browsers reach the stack.'),
  siteGateway: text('web-gateway').describe('Bundle that says how the requests of a site are answered.'),
  sitePlanTimeout: duration('10s').describe('Longest that it may take to say so.'),
  sitesDomain: text('localhost').describe(
    'Domain whose names are sites: `{site}.{domain}`, and `{deploy}--{site}.{domain}` for one deploy.',
  ),
  sitesUrl: text('').describe(
    'Address of a site as browsers use it, as `https://{site}.sites.example.com`, with SITES_DOMAIN; empty: below `/sites/` of PUBLIC_URL.',
  ),
  sitesRoot: text('docs').describe('Site of an address of sites that names none; empty: there is none.'),
  siteRefresh: duration('5s').describe(
    'How old what is known of a site may be before its row is looked at, so that a lost message heals.',
  ),
  siteMaxServed: integer(500, 1, 100_000).describe('Sites and previews that are kept ready in memory.'),
  siteMaxUrl: bytes('8KiB').describe('Longest address of a request to a site.'),
  siteMaxFile: bytes('100MiB').describe('Largest file of a site.'),
  siteMaxFiles: integer(20_000, 1, 50_000).describe('Files of one deploy at most.'),
  siteMaxBytes: bytes('2GiB').describe('Bytes of one deploy at most.'),
  siteArchiveLimit: bytes('500MiB').describe('Largest archive of a site that is uploaded.'),
  siteCache: bytes('64MiB').describe('Memory for files of sites, per worker.'),
  siteCacheFile: bytes('1MiB').describe(
    'Files up to this size are kept in it; larger ones are read each time.',
  ),
  siteRetain: duration('24h').describe(
    'How long assets of a former deploy stay, for pages that are still open.',
  ),
  siteRetainFiles: integer(400_000, 1, 10_000_000).describe(
    'Files of former deploys that are looked through for them, the last deploy first; of a site with 400 files, a thousand deploys.',
  ),
  siteKeepDeploys: integer(20, 1, 1000).describe('Deploys of a site that are kept for a rollback.'),
  siteCollectEvery: duration('10m').describe('How often contents that no deploy names are looked for.'),
  siteCollectGrace: duration('1h').describe('How long a content stays that no deploy names.'),
};
