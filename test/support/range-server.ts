import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface RangeServer {
  url: string;
  /** `Range` headers of the requests for a path, `whole` where there was none. */
  ranges(path: string): string[];
  close(): Promise<void>;
}

/** What is served at one path: a text, or a file that is fetched in ranges as COS would give it. */
export type Served = { type: string; text: string } | { type: string; file: string };

/** Serves fixed paths on 127.0.0.1; anything else is 404. */
export async function startRangeServer(served: Readonly<Record<string, Served>>): Promise<RangeServer> {
  const asked: { path: string; range: string }[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const entry = served[path];
    const { range } = request.headers;
    asked.push({ path, range: range ?? 'whole' });
    if (!entry) {
      response.writeHead(404).end();
      return;
    }
    if ('text' in entry) {
      response.writeHead(200, { 'content-type': entry.type }).end(entry.text);
      return;
    }
    void stat(entry.file).then(({ size }) => {
      const [, from = '0', to = ''] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
      const start = Number(from);
      const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
      const partial = range === undefined ? {} : { 'content-range': `bytes ${start}-${end}/${size}` };
      const headers = { 'content-type': entry.type, 'accept-ranges': 'bytes', 'content-length': end - start + 1 };
      response.writeHead(range === undefined ? 200 : 206, { ...headers, ...partial });
      createReadStream(entry.file, { start, end })
        .on('error', () => response.destroy())
        .pipe(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges: (path) => asked.filter((one) => one.path === path).map(({ range }) => range),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
