import { type AttemptResult, reasonOfNetworkError } from '@callpost/domain';
import type { Interrupt } from '@callpost/queue';
import { SIGNATURE_HEADER } from '@callpost/signature';
import { type Dispatcher, Pool } from 'undici';

/** What came back of one POST: what the verdict needs, and what a person will want to see. */
export interface PostResult {
  readonly result: AttemptResult;
  /** The response body as far as it came, for people; empty when there was none. Nobody looks at it when all went well. */
  readonly readResponse: () => string;
  /** Code of the network error, when there was one. */
  readonly code?: string;
}

interface SignedRequest {
  readonly path: string;
  readonly body: Buffer;
  readonly signature: string;
}

export interface Endpoint {
  /** Never rejects. */
  post(request: SignedRequest, interrupt: Interrupt): Promise<PostResult>;
  close(): Promise<void>;
}

export interface EndpointOptions {
  /** `https://www.reamaze.io` */
  readonly origin: string;
  /**
   * At most this many at a time; opened as needed, kept open while used. As many as there are attempts at a time: one
   * that had to wait for a connection would spend its time, and itself, without being sent.
   */
  readonly connections: number;
  /** For the whole attempt: connecting, writing, waiting, reading. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  readonly onConnection: () => void;
}

/** No more of a response is read: an answer of a gigabyte must not cost a gigabyte. */
const MAX_RESPONSE_BYTES = 16_384;
const KEEP_ALIVE_MS = 30_000;

/**
 * One pool of keep-alive connections. Redirects are not followed and nothing is retried here: undici does
 * neither unless told to, and one attempt is to be one POST.
 */
export function createEndpoint(options: EndpointOptions): Endpoint {
  const { origin, connections, timeoutMs, userAgent, onConnection } = options;
  const pool = new Pool(origin, {
    connections,
    pipelining: 1,
    // Whatever NODE_TLS_REJECT_UNAUTHORIZED says.
    connect: { timeout: timeoutMs, rejectUnauthorized: true },
    keepAliveTimeout: KEEP_ALIVE_MS,
    // The deadline of the attempt covers these, to the millisecond.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  pool.on('connect', onConnection);

  function post({ path, body, signature }: SignedRequest, interrupt: Interrupt): Promise<PostResult> {
    return new Promise((resolve) => {
      const attempt = new Attempt(resolve, timeoutMs, interrupt);
      const headers = {
        accept: 'application/json',
        'content-type': 'application/json',
        'user-agent': userAgent,
        [SIGNATURE_HEADER]: signature,
      };
      pool.dispatch({ path, method: 'POST', headers, body }, attempt);
    });
  }

  return { post, close: () => pool.destroy() };
}

/**
 * One POST under way, from undici's callbacks to one result. It settles once: by the end of the response, by enough of
 * it, by an error, by the deadline or by an interrupt, whichever is first; what comes after that is ignored.
 */
class Attempt implements Dispatcher.DispatchHandler {
  readonly #resolve: (result: PostResult) => void;
  readonly #interrupt: Interrupt;
  readonly #deadline: NodeJS.Timeout;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #controller: Dispatcher.DispatchController | null = null;
  #answer: { status: number; retryAfter: string | null } | null = null;
  #isSettled = false;

  constructor(resolve: (result: PostResult) => void, timeoutMs: number, interrupt: Interrupt) {
    this.#resolve = resolve;
    this.#interrupt = interrupt;
    this.#deadline = setTimeout(() => this.#settle('ATTEMPT_DEADLINE'), timeoutMs);
    interrupt.onRaise(() => this.#settle());
  }

  /** A connection is free and the request is about to be written. If it is too late for that, it never is. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isSettled) {
      controller.abort(new Error('settled before it was sent'));
      return;
    }
    this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status < 200) return;
    const retryAfter = headers['retry-after'];
    this.#answer = { status, retryAfter: (Array.isArray(retryAfter) ? retryAfter[0] : retryAfter) ?? null };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= MAX_RESPONSE_BYTES) this.#settle();
  }

  onResponseEnd(): void {
    this.#controller = null;
    this.#settle();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#settle(codeOf(error) ?? codeOf(error.cause) ?? error.name);
  }

  /** A status line decides, whatever became of the rest: it is the other side's word on the event. */
  #settle(code?: string): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#deadline);
    this.#resolve({
      result: this.#result(code),
      readResponse: () => Buffer.concat(this.#chunks).subarray(0, MAX_RESPONSE_BYTES).toString('utf8'),
      ...(code === undefined ? {} : { code }),
    });
    this.#controller?.abort(new Error('settled'));
  }

  #result(code: string | undefined): AttemptResult {
    const mayHaveArrived = this.#controller !== null;
    if (this.#answer !== null) return { kind: 'answered', ...this.#answer };
    const { reason } = this.#interrupt;
    if (reason !== null) return { kind: 'interrupted', reason, mayHaveArrived };
    return { kind: 'failed', reason: reasonOfNetworkError(code), mayHaveArrived };
  }
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
