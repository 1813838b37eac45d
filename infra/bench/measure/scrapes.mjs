import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { metricsUrlOf } from '../contenders/contenders.mjs';

/** Far oftener than a Prometheus does, so that a run of few seconds has some. */
const EVERY_MS = 1_000;

/** Scrapes a worker's metrics while it works, as a Prometheus would. `stop` resolves to how long each scrape took, in ms. */
export function watchScrapes(program) {
  const tookMs = [];
  const stopped = new AbortController();
  const watching = watch();

  async function watch() {
    const url = metricsUrlOf(program);
    while (url !== null && !stopped.signal.aborted) {
      const startedAtMs = performance.now();
      await (await fetch(url)).text();
      tookMs.push(performance.now() - startedAtMs);
      await sleep(EVERY_MS, null, { signal: stopped.signal }).catch(() => undefined);
    }
  }

  return {
    async stop() {
      stopped.abort();
      await watching;
      return tookMs;
    },
  };
}
