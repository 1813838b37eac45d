import { describe, expect, it } from 'vitest';
import { readConfig } from './config.js';

describe('readConfig', () => {
  it('fills in the defaults, for empty text too', () => {
    const expected = {
      ok: true,
      config: { host: '127.0.0.1', port: 8080, secret: 's', secrets: {}, dedup: false, log: false },
    };
    expect(readConfig({ SIMULATOR_SECRET: 's' })).toEqual(expected);
    expect(
      readConfig({ SIMULATOR_SECRET: 's', SIMULATOR_PORT: '', SIMULATOR_SECRETS: '', SIMULATOR_LOG: '' }),
    ).toEqual(expected);
  });

  it('reads everything', () => {
    expect(
      readConfig({
        SIMULATOR_HOST: '0.0.0.0',
        SIMULATOR_PORT: '0',
        SIMULATOR_SECRET: 's',
        SIMULATOR_SECRETS: '{"+16501234567":"own"}',
        SIMULATOR_DEDUP: 'on',
        SIMULATOR_LOG: 'on',
      }),
    ).toEqual({
      ok: true,
      config: {
        host: '0.0.0.0',
        port: 0,
        secret: 's',
        secrets: { '+16501234567': 'own' },
        dedup: true,
        log: true,
      },
    });
  });

  it.each(['no JSON', '[]', 'null', '"+16501234567"', '{"+16501234567":""}', '{"0650":"own"}'])(
    'refuses SIMULATOR_SECRETS=%s',
    (text) => {
      const read = readConfig({ SIMULATOR_SECRET: 's', SIMULATOR_SECRETS: text });
      expect(read).toMatchObject({ ok: false, faults: [{ field: 'SIMULATOR_SECRETS' }] });
    },
  );

  it.each(['-1', '80.5', '0x50', '65536', 'http', ' '])('refuses SIMULATOR_PORT=%s', (text) => {
    const read = readConfig({ SIMULATOR_SECRET: 's', SIMULATOR_PORT: text });
    expect(read).toMatchObject({ ok: false, faults: [{ field: 'SIMULATOR_PORT' }] });
  });
});
