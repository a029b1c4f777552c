import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestRequest {
  method: string;
  url: URL;
  /** As it was sent, before any parsing. */
  rawPath: string;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** An HTTP server on a free port that keeps what it was asked; `fault` may answer, or not, in its stead. */
export abstract class TestHttpServer {
  readonly requests: TestRequest[] = [];
  /** Returns true if it has dealt with the request. */
  fault: (request: TestRequest, response: ServerResponse) => boolean = () => false;
  readonly #server: Server;

  constructor() {
    this.#server = createServer((message, response) => {
      const chunks: Buffer[] = [];
      message.on('data', (chunk: Buffer) => chunks.push(chunk));
      message.on('error', () => {});
      message.on('end', () => {
        const rawPath = message.url ?? '/';
        const { method = 'GET', headers } = message;
        const request = { method, url: new URL(rawPath, this.url), rawPath, headers, body: Buffer.concat(chunks) };
        this.requests.push(request);
        if (!this.fault(request, response))
          Promise.resolve(this.answer(request, response)).catch((error) => response.destroy(error));
      });
    });
  }

  abstract answer(request: TestRequest, response: ServerResponse): void | Promise<void>;

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo | null)?.port ?? 0}`;
  }

  async listen(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    return this;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Faults that any store may have. */
export const FAULTS = {
  error: (status: number) => (_: TestRequest, response: ServerResponse) => {
    response.writeHead(status).end('<Error><Code>SomeCode</Code></Error>');
    return true;
  },
  silent: () => true,
  /** Announces a body, sends some of it, and no more. */
  hanging: (_: TestRequest, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': '1000' }).write('some');
    return true;
  },
  cutOff: (_: TestRequest, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': '1000' }).write('some', () => response.destroy());
    return true;
  },
  reset: (_: TestRequest, response: ServerResponse) => {
    response.destroy();
    return true;
  },
  /** More than any blob or answer, without an end. */
  endless: (_: TestRequest, response: ServerResponse) => {
    response.writeHead(200);
    const chunk = Buffer.alloc(65_536, 1);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more);
    more();
    return true;
  },
  redirect: (to: string) => (_: TestRequest, response: ServerResponse) => {
    response.writeHead(307, { location: to }).end();
    return true;
  },
};
