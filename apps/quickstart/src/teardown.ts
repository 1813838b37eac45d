type Stop = () => Promise<void> | void;

/** What has to be stopped in the end: the last thing started first, so that each still has what it stands on. */
export interface Teardown {
  add(stop: Stop): void;
  /** Stops everything, once. Also rejects nothing: what cannot be stopped must not keep the rest running. */
  run(): Promise<void>;
  readonly hasBegun: boolean;
}

export function createTeardown(onTrouble: (error: unknown) => void): Teardown {
  const stops: Stop[] = [];
  let running: Promise<void> | undefined;

  async function runOne(stop: Stop): Promise<void> {
    try {
      await stop();
    } catch (error) {
      onTrouble(error);
    }
  }

  async function runAll(): Promise<void> {
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await runOne(stop);
  }

  return {
    add(stop) {
      stops.push(stop);
      // Started while everything was being stopped: it goes at once.
      if (running !== undefined) running = running.then(runAll);
    },
    async run() {
      running ??= runAll();
      await running;
    },
    get hasBegun() {
      return running !== undefined;
    },
  };
}
