import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { extname, join, relative, sep } from 'node:path';

/** Only this machine can reach the server. */
const LOOPBACK = '127.0.0.1';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
};

interface Page {
  readonly type: string;
  readonly body: Uint8Array;
}

/** A page that is being served. */
export interface Served {
  /** Address to open in a browser. */
  readonly url: string;
  /** Ends serving. */
  close(): Promise<void>;
}

/** All files below a folder, read once: a request can name nothing else. */
function readPages(folder: string): Map<string, Page> {
  const pages = new Map<string, Page>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = `/${relative(folder, path).split(sep).join('/')}`;
    pages.set(name, { type: TYPES[extname(name)] ?? 'application/octet-stream', body: readFileSync(path) });
  }
  const index = pages.get('/index.html');
  if (index !== undefined) pages.set('/', index);
  return pages;
}

/**
 * Serves a folder of web pages on the loopback interface, on a free port.
 *
 * @param file - Contents that the page finds as `./file`.
 */
export async function serve(folder: string, file: Uint8Array | undefined): Promise<Served> {
  const pages = readPages(folder);
  if (file !== undefined) pages.set('/file', { type: 'text/plain; charset=utf-8', body: file });
  let host = '';
  const server = createServer((request, response) => {
    answer(request, response, host, pages);
  });
  const port = await listen(server);
  host = `${LOOPBACK}:${port}`;
  return {
    url: `http://${host}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, LOOPBACK, () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the server has no port'));
      else resolve(address.port);
    });
  });
}

function answer(
  request: IncomingMessage,
  response: ServerResponse,
  host: string,
  pages: ReadonlyMap<string, Page>,
): void {
  const refuse = (status: number, why: string): void => {
    response.writeHead(status, { ...SECURITY_HEADERS, 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${why}\n`);
  };
  // A name that leads here from elsewhere is a page of somebody else asking.
  if (request.headers.host !== host) {
    refuse(403, `ask ${host}`);
    return;
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    refuse(405, 'only GET and HEAD');
    return;
  }
  const page = pages.get((request.url ?? '/').split('?')[0] ?? '/');
  if (page === undefined) {
    refuse(404, 'not found');
    return;
  }
  response.writeHead(200, { ...SECURITY_HEADERS, 'content-type': page.type, 'content-length': page.body.length });
  response.end(request.method === 'HEAD' ? undefined : page.body);
}
