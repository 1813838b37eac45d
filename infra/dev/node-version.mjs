import { CannotGoOn } from './say.mjs';

/** The oldest Node that every dependency runs on; `engines` in package.json says the same. */
const OLDEST = [20, 20];

export function ensureNodeVersion(version = process.versions.node, platform = process.platform) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
    throw new CannotGoOn(
      `Callpost needs Node ${OLDEST.join('.')} or newer; this is ${version}.\n` +
        'Get one from https://nodejs.org, or with a version manager: `nvm install` or `fnm install` reads .nvmrc.',
    );
  }
  if (platform === 'win32') {
    throw new CannotGoOn(
      'There is no Redis for Windows itself. Run this inside WSL: https://learn.microsoft.com/windows/wsl/install',
    );
  }
}
