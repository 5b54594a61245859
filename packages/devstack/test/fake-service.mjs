// A service as the supervisor sees one: says that it is ready, ends on SIGTERM and when its launcher is gone.
const { MODE: mode = 'good' } = process.env;
const stop = () => process.exit(0);
if (mode !== 'stubborn') {
  process.on('SIGTERM', stop);
  process.on('disconnect', stop);
} else {
  process.on('SIGTERM', () => {});
  process.on('disconnect', () => {});
}
setInterval(() => {}, 60_000);
if (mode === 'dies-at-start') {
  console.error('cannot open the thing');
  process.exit(3);
}
if (mode !== 'never-ready') process.send?.({ ready: 'fake' });
