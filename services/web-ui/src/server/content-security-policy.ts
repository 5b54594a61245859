/**
 * What the page may do. Everything comes from its own origin and no script or style stands in the document; an answer
 * that smuggles markup in finds nothing that would run or load. Frames are for the widgets of bundles, which are served
 * from this origin inside their own sandbox.
 */
export const CONTENT_SECURITY_POLICY = Object.entries({
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self'",
  'font-src': "'self'",
  'img-src': "'self'",
  'connect-src': "'self'",
  'frame-src': "'self'",
  'manifest-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
})
  .map(([name, value]) => `${name} ${value}`)
  .join('; ');
