/** Serves the metrics on 127.0.0.1, to nobody else. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

const TYPE = 'text/plain; version=0.0.4; charset=utf-8';
/** A page of another site that a browser here has open would ask by its own name. */
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** `port`: 0 is any that is free. Rejects where it can't be had; `text`: what is told, of now. */
export function serveMetrics(port: number, text: () => string): Promise<MetricsServer> {
  const server = createServer(
    { requestTimeout: 5000, headersTimeout: 5000, keepAliveTimeout: 5000 },
    (request, response) => answer(request, response, text),
  );
  server.maxConnections = 16;
  server.maxRequestsPerSocket = 1000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      // What goes wrong with one connection is that one's.
      server.on('error', () => {});
      resolve({ port: portOf(server), close: () => closed(server) });
    });
  });
}

function answer(request: IncomingMessage, response: ServerResponse, text: () => string): void {
  const isMeant = LOOPBACK.test(request.headers.host ?? '');
  const [path] = (request.url ?? '').split('?');
  if (isMeant && request.method === 'GET' && path === '/metrics') {
    response.writeHead(200, { 'content-type': TYPE, 'cache-control': 'no-store' }).end(text());
    return;
  }
  response
    .writeHead(404, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' })
    .end('Not found: there is GET /metrics.\n');
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
