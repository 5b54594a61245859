/** The plain peer: a child that reads the SDK and what it needs, then the bundle, and says that it is there. No sandbox, no limits. */
const [, , bundleUrl = ''] = process.argv;
await import('@switchyard/bundle-sdk');
await import(bundleUrl);
process.send?.('ready');
process.on('disconnect', () => process.exit(0));
