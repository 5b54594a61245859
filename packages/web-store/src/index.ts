export {
  dynamicRouteSchema,
  servedSiteSchema,
  siteAccessSchema,
  siteAliasSchema,
  siteCorsSchema,
  siteHostSchema,
  siteSettingsSchema,
} from './site.ts';
export type { DynamicRoute, ServedSite, SiteAccess, SiteCors, SiteSettings } from './site.ts';
export { CODINGS } from './manifest.ts';
export type { Coding, SiteFile, SiteManifest } from './manifest.ts';
export { isWithin, readSitePath } from './site-path.ts';
export { narrowScope, requireWithin } from './narrow-scope.ts';
export type { NarrowedScope } from './narrow-scope.ts';
export { createSitePattern } from './site-pattern.ts';
export type { PatternMatch, SitePattern } from './site-pattern.ts';
export { createSiteContents } from './site-contents.ts';
export type { SiteContents } from './site-contents.ts';
export { createSiteRows } from './site-rows.ts';
export type { DeployRow, SiteRow, SiteRows, WholeDeploy } from './site-rows.ts';
export { createPublisher } from './publisher.ts';
export type { MadeDeploy, Publisher } from './publisher.ts';
export type { PublishLimits } from './amender.ts';
export type { FileToPublish } from './store-files.ts';
