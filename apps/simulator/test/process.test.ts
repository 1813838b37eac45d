import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { SIGNATURE_HEADER, sign, signingKey } from '@callpost/signature';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { callEvent, errorCode, SECRET, until } from './harness.js';

const MAIN = fileURLToPath(new URL('../dist/main.js', import.meta.url));

/** The built simulator with nothing else in its environment. */
function start(environment: Record<string, string>) {
  const child: ChildProcess = spawn(process.execPath, [MAIN], { env: environment });
  const output = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const exited = once(child, 'close').then(() => child.exitCode);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
  });
  return { child, output, exited };
}

async function startListening(environment: Record<string, string> = {}) {
  const process = start({ SIMULATOR_PORT: '0', SIMULATOR_SECRET: SECRET, ...environment });
  await until(() => process.output.stdout.includes('\n'));
  const line = JSON.parse(process.output.stdout) as { listening: string; voice: string };
  return { ...process, line };
}

function post(url: string, event: object) {
  const body = Buffer.from(JSON.stringify(event));
  return request(url, {
    method: 'POST',
    body,
    headers: { [SIGNATURE_HEADER]: sign(body, signingKey(SECRET)) },
  });
}

describe('the process', () => {
  it('says in one line where it listens', async () => {
    const { line, output } = await startListening();
    expect(line).toEqual({
      listening: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      voice: `${line.listening}/incoming/voice`,
    });
    expect((await request(`${line.listening}/_simulator/health`)).statusCode).toBe(200);
    expect(output).toEqual({ stdout: `${JSON.stringify(line)}\n`, stderr: '' });
  });

  it.each(['SIGTERM', 'SIGINT'] as const)('ends at once on %s, hung requests or not', async (signal) => {
    const { line, child, exited, output } = await startListening();
    const rules = [
      { name: 'slow', match: { id: 'slow' }, latencyMs: 3_600_000, action: { kind: 'accept' } },
      { name: 'hang', action: { kind: 'hang' } },
    ];
    await request(`${line.listening}/_simulator/rules`, { method: 'PUT', body: JSON.stringify({ rules }) });
    const hung = errorCode(post(line.voice, callEvent('e1')));
    const slow = post(line.voice, callEvent('slow')).catch(() => 'cut off');
    await until(async () => {
      const summary = await request(`${line.listening}/_simulator/summary`);
      return ((await summary.body.json()) as { inFlight: number }).inFlight === 2;
    });

    const signalledMs = performance.now();
    child.kill(signal);
    expect(await exited).toBe(0);
    expect(performance.now() - signalledMs).toBeLessThan(3_000);
    expect(await hung).toBe('UND_ERR_SOCKET');
    await slow;
    expect(output.stderr).toBe('');
  });

  it('writes one line for each request when it is asked to, without personal data', async () => {
    const { line, output } = await startListening({ SIMULATOR_LOG: 'on', SIMULATOR_DEDUP: 'on' });
    for (const id of ['e1', 'e1']) await (await post(line.voice, callEvent(id))).body.dump();
    await until(() => output.stdout.split('\n').length === 4);
    const logged = output.stdout.trimEnd().split('\n').slice(1);
    expect(logged.map((text) => JSON.parse(text))).toMatchObject([
      { sequence: 1, id: 'e1', outcome: 'accepted', status: 201 },
      { sequence: 2, id: 'e1', outcome: 'duplicate', status: 201 },
    ]);
    expect(output.stdout).not.toMatch(/\+1\d{10}|Billing|Hmac/);
  });

  it('says why it cannot listen', async () => {
    const { line } = await startListening();
    const second = start({ SIMULATOR_PORT: new URL(line.listening).port, SIMULATOR_SECRET: SECRET });
    expect(await second.exited).toBe(1);
    expect(second.output.stderr).toMatch(/^cannot listen on 127\.0\.0\.1, port \d+: .*EADDRINUSE.*\n$/);
  });
});

describe('a bad environment', () => {
  it('is told every fault at once, and no secret', async () => {
    const { exited, output } = start({
      SIMULATOR_PORT: '65536',
      SIMULATOR_SECRET: ' ',
      SIMULATOR_SECRETS: '{"swapped-secret":"+16501234567"}',
      SIMULATOR_DEDUP: 'yes',
      SIMULATOR_LOG: 'ON',
    });
    expect(await exited).toBe(2);
    expect(output.stdout).toBe('');
    expect(output.stderr.trimEnd().split('\n')).toEqual([
      'SIMULATOR_PORT: found text of 5 characters; allowed: a port from 1 to 65535, or 0 for any free one',
      'SIMULATOR_SECRET: found text of 1 character; allowed: the shared secret of the channel, not blank',
      expect.stringMatching(
        /^SIMULATOR_SECRETS: found text of 33 characters; allowed: a JSON object: channel phone/,
      ),
      'SIMULATOR_DEDUP: found text of 3 characters; allowed: on or off (the default)',
      'SIMULATOR_LOG: found text of 2 characters; allowed: on or off (the default)',
    ]);
  });

  it('may lack everything but the secret', async () => {
    const { exited, output } = start({});
    expect(await exited).toBe(2);
    expect(output.stderr).toBe(
      'SIMULATOR_SECRET: found nothing; allowed: the shared secret of the channel, not blank\n',
    );
  });
});
