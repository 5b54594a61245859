/** What files of sites are, by the end of their name. Text is UTF-8 here and nothing else. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  css: 'text/css',
  js: 'text/javascript',
  mjs: 'text/javascript',
  cjs: 'text/javascript',
  json: 'application/json',
  map: 'application/json',
  jsonld: 'application/ld+json',
  webmanifest: 'application/manifest+json',
  txt: 'text/plain',
  text: 'text/plain',
  log: 'text/plain',
  md: 'text/markdown',
  csv: 'text/csv',
  xml: 'application/xml',
  xsl: 'application/xml',
  rss: 'application/rss+xml',
  atom: 'application/atom+xml',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  toml: 'application/toml',
  vtt: 'text/vtt',
  ics: 'text/calendar',
  svg: 'image/svg+xml',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/x-icon',
  bmp: 'image/bmp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  ttf: 'font/ttf',
  otf: 'font/otf',
  eot: 'application/vnd.ms-fontobject',
  mp3: 'audio/mpeg',
  m4a: 'audio/mp4',
  ogg: 'audio/ogg',
  oga: 'audio/ogg',
  opus: 'audio/opus',
  wav: 'audio/wav',
  flac: 'audio/flac',
  mp4: 'video/mp4',
  m4v: 'video/mp4',
  webm: 'video/webm',
  ogv: 'video/ogg',
  mov: 'video/quicktime',
  pdf: 'application/pdf',
  wasm: 'application/wasm',
  zip: 'application/zip',
  gz: 'application/gzip',
  tgz: 'application/gzip',
  br: 'application/octet-stream',
  tar: 'application/x-tar',
  '7z': 'application/x-7z-compressed',
  epub: 'application/epub+zip',
  doc: 'application/msword',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xls: 'application/vnd.ms-excel',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  pptx: 'application/vnd.openxmlformats-officedocument.presentationml.presentation',
  glb: 'model/gltf-binary',
  gltf: 'model/gltf+json',
};

const UNKNOWN = 'application/octet-stream';
const TEXT =
  /^(text\/|application\/(json|xml|javascript|yaml|toml|wasm$|[a-z0-9.+-]+\+(json|xml)$)|image\/(svg\+xml|bmp|x-icon)$|font\/(ttf|otf)$|application\/vnd\.ms-fontobject$|model\/gltf\+json$)/u;
const NEEDS_CHARSET =
  /^(text\/|application\/(json|xml|yaml|toml|[a-z0-9.-]+\+(json|xml))$|image\/svg\+xml$)/u;

/** A media type as it stands in a header; anything that could end the line, or is none, is refused. */
const MEDIA_TYPE =
  /^[!#$&^_.+a-z0-9-]{1,100}\/[!#$&^_.+a-z0-9-]{1,100}(; ?[a-z0-9-]{1,40}=("[\t\x20\x21\x23-\x5b\x5d-\x7e]{0,100}"|[!#$%&'*+.^_`|~a-z0-9-]{1,100}))*$/iu;

/** `Content-Type` of a path, with `charset` where it is text. */
export function contentTypeOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1).toLowerCase();
  const at = name.lastIndexOf('.');
  const type = (at > 0 ? TYPES[name.slice(at + 1)] : undefined) ?? UNKNOWN;
  return NEEDS_CHARSET.test(type) ? `${type}; charset=utf-8` : type;
}

/** What an author said it is, as a header takes it; undefined: that is no media type. */
export function readContentType(text: string): string | undefined {
  const type = text.trim();
  if (!MEDIA_TYPE.test(type)) return undefined;
  return NEEDS_CHARSET.test(type.toLowerCase()) && !type.includes(';') ? `${type}; charset=utf-8` : type;
}

/** Whether compressing is worth it; what is compressed already is not. */
export function isCompressible(contentType: string): boolean {
  return TEXT.test((contentType.split(';', 1)[0] ?? '').trim().toLowerCase());
}
