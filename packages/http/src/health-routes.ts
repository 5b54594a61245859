import type { IncomingMessage } from 'node:http';
import express, { Router } from 'express';
import type { Express, Response } from 'express';
import type { HealthReport } from '@switchyard/kernel';
import type { Metrics } from '@switchyard/telemetry';

/** What a service says of itself. `isDraining` becomes true at the first step of a shutdown and never false again. */
export interface HealthSource {
  report(): HealthReport | Promise<HealthReport>;
  isDraining(): boolean;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1']);

/** `/health` and `/health/ready` (503 when draining or not ok), `/health/live` (the event loop turns: 200), `/metrics`. */
export function createHealthRouter(name: string, health: HealthSource, metrics: Metrics): Router {
  const router = Router();
  const answer = async (res: Response, isReadiness: boolean) => {
    const isDraining = health.isDraining();
    const report = await health.report();
    const isReady = report.ok && !isDraining;
    if (isReadiness && !isReady) res.setHeader('Retry-After', '1');
    const status = isDraining ? 'draining' : report.ok ? 'ok' : 'degraded';
    res
      .status(isReadiness && !isReady ? 503 : 200)
      .json({ status, service: name, ...(report.detail === undefined ? {} : { detail: report.detail }) });
  };
  router.get('/health', (_req, res) => answer(res, false));
  router.get('/health/ready', (_req, res) => answer(res, true));
  router.get('/health/live', (_req, res) => void res.json({ status: 'ok', service: name }));
  router.get('/metrics', async (req, res, next) => {
    // Numbers of the inside are for the inside: from another machine the path does not exist. Scrapers use METRICS_PORT.
    if (!isLoopback(req)) return next();
    await sendMetrics(res, metrics);
  });
  return router;
}

/** An app with `/metrics` alone, for a METRICS_PORT that only the inside reaches. */
export function createMetricsApp(metrics: Metrics): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', (_req, res) => sendMetrics(res, metrics));
  return app;
}

async function sendMetrics(res: Response, metrics: Metrics): Promise<void> {
  res.setHeader('Content-Type', metrics.contentType);
  res.end(await metrics.text());
}

/** Whether a request comes from this machine, and for nobody else. */
export function isLoopback(req: Pick<IncomingMessage, 'socket' | 'headers'>): boolean {
  return LOOPBACK.has(req.socket.remoteAddress ?? '') && req.headers['x-forwarded-for'] === undefined;
}
