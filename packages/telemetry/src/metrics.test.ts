import { expect, test } from 'vitest';
import { createMetrics } from './metrics.ts';

test('figures appear in the text with labels, times in seconds', async () => {
  const metrics = createMetrics({ service: 'x' });
  metrics.counter('switchyard_a_total', 'a', ['lane']).add({ lane: 'paid' }, 2);
  metrics.timer('switchyard_b_seconds', 'b').observeMs(40);
  const text = await metrics.text();
  expect(text).toContain('switchyard_a_total{lane="paid",service="x"} 2');
  expect(text).toContain('switchyard_b_seconds_sum{service="x"} 0.04');
});

test('asking for a name again gives the same metric', async () => {
  const metrics = createMetrics({ service: 'x' });
  metrics.counter('switchyard_a_total', 'a').add();
  metrics.counter('switchyard_a_total', 'a').add();
  expect(await metrics.text()).toContain('switchyard_a_total{service="x"} 2');
});

test('collectors run before each scrape', async () => {
  const metrics = createMetrics({ service: 'x' });
  const gauge = metrics.gauge('switchyard_depth', 'd');
  let depth = 0;
  metrics.onScrape(() => gauge.set((depth += 1)));
  await metrics.text();
  expect(await metrics.text()).toContain('switchyard_depth{service="x"} 2');
});
