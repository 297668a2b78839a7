/** `--metrics`. */
import type { Live } from '../../../live/live.ts';
import { countedOf, metricsText } from '../../../live/metrics.ts';
import { type MetricsServer, serveMetrics } from '../../../live/metrics-server.ts';
import { UsageError } from '../../io.ts';

/** Undefined: nobody wants them. Throws where the port can't be had. */
export async function startMetrics(port: number | undefined, live: Live): Promise<MetricsServer | undefined> {
  if (port === undefined) return undefined;
  const begun = Date.now() / 1000;
  try {
    return await serveMetrics(port, () => metricsText(countedOf(live, begun)));
  } catch (error) {
    throw new UsageError(
      `--metrics: 127.0.0.1:${port} can't be had: ${error instanceof Error ? error.message : String(error)}`,
      'Name another port, or 0 for any that is free.',
    );
  }
}
