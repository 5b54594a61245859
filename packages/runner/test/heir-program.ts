import { record, startRunner, versionOf } from './runner-fixture.ts';

// A proc in small that was itself started with more than its three descriptors: `sandbox`. Tells what a bundle can read of them.
const [sandbox] = process.argv.slice(2);

await using runner = await startRunner({
  sandbox: sandbox === 'bwrap' || sandbox === 'none' ? sandbox : 'permission',
});
const { found } = (await runner.invoke(versionOf('inheritor'), record('x'))) as { found: string[] };
process.stdout.write(JSON.stringify(found));
