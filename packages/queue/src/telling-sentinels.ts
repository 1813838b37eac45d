import { Redis, type SentinelConnectionOptions, SentinelConnector } from 'ioredis';

type Emit = Parameters<SentinelConnector['connect']>[0];

/**
 * ioredis's way to a master, which says why no sentinel could be asked. Of itself it only says that connections were
 * closed, also when it closed them because of a certificate or a password.
 */
export class TellingSentinels extends SentinelConnector {
  // As ioredis calls it.
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
  }

  override connect(emit: Emit): ReturnType<SentinelConnector['connect']> {
    return super.connect((type, error) => {
      if (type !== 'error') return emit(type, error);
      this.#whyNot().then(
        (why) =>
          emit(
            type,
            why === undefined
              ? error
              : Object.assign(why, { message: `no sentinel answers: ${why.message}` }),
          ),
        () => emit(type, error),
      );
    });
  }

  /** Of the first, as one of them; undefined when it can be reached now. */
  async #whyNot(): Promise<Error | undefined> {
    const { sentinels, sentinelTLS, sentinelUsername, sentinelPassword, connectTimeout } = this.options;
    let why: Error | undefined;
    const sentinel = new Redis({
      ...sentinels?.[0],
      ...(sentinelTLS === undefined ? {} : { tls: sentinelTLS }),
      ...(sentinelUsername === undefined ? {} : { username: sentinelUsername }),
      ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
      ...(connectTimeout === undefined ? {} : { connectTimeout }),
      lazyConnect: true,
      enableReadyCheck: false,
      retryStrategy: () => null,
    });
    sentinel.on('error', (error: Error) => {
      why = error;
    });
    await sentinel.connect().catch(() => undefined);
    sentinel.disconnect();
    return why;
  }
}
