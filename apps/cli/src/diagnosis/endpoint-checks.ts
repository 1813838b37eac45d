import type { ChannelSettings } from '@callpost/config';
import { REASONS, reasonOfNetworkError } from '@callpost/domain';
import { messageOf } from '@callpost/queue';
import { request } from 'undici';
import { tookText } from '../output/words.js';
import type { Check } from './check.js';

const TIMEOUT_MS = 5_000;
const WANTED = 'any HTTP answer';

/** Whether something answers at each URL that channels post to. It only asks for headers: nothing is ever posted. */
export async function checkEndpoints(channels: readonly ChannelSettings[]): Promise<Check[]> {
  const urls = [...new Set(channels.map(({ url }) => url))];
  return Promise.all(
    urls.map(async (url) => {
      const names = channels.filter((channel) => channel.url === url).map(({ name }) => name);
      return { check: `endpoint of ${names.join(', ')}`, wanted: WANTED, ...(await probe(url)) };
    }),
  );
}

type Probed = Pick<Check, 'verdict' | 'found' | 'advice'>;

async function probe(url: string): Promise<Probed> {
  const { origin } = new URL(url);
  const startedMs = performance.now();
  try {
    const { statusCode, body } = await request(url, {
      method: 'HEAD',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await body.dump();
    const found = `${origin}: HTTP ${statusCode} in ${tookText(performance.now() - startedMs)}`;
    if (statusCode < 300 || statusCode > 399) return { verdict: 'ok', found, advice: null };
    return { verdict: 'warning', found, advice: REASONS.misconfigured };
  } catch (error) {
    return { verdict: 'unreachable', ...troubleWith(origin, error) };
  }
}

function troubleWith(origin: string, error: unknown): Pick<Check, 'found' | 'advice'> {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return { found: `${origin}: no answer within ${TIMEOUT_MS / 1_000} s`, advice: REASONS.timeout };
  }
  const code = codeOf(error);
  const reason = reasonOfNetworkError(code);
  return {
    found: `${origin}: ${code ?? messageOf(error)}`,
    advice: `${REASONS[reason]} Check the URL, DNS, firewall and proxy from here.`,
  };
}

/** undici wraps some errors; the innermost code says what it was. */
function codeOf(error: unknown): string | undefined {
  if (error === null || typeof error !== 'object') return undefined;
  const { code, cause } = error as { code?: unknown; cause?: unknown };
  return codeOf(cause) ?? (typeof code === 'string' ? code : undefined);
}
