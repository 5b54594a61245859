import { runMain } from '@switchyard/kernel';
import { startIngress } from './compose.ts';
import { loadIngressConfig, readEnvironment } from './env.ts';

const config = (() => {
  try {
    return loadIngressConfig(readEnvironment());
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(1);
  }
})();

await runMain({ name: 'chat-ingress', stopMs: config.stopLimit, start: () => startIngress(config) });
