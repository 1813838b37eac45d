import { readdirSync } from 'node:fs';

/**
 * How each package manager installs without asking. `packages`: the candidates for a need, the first that can be had
 * is enough (some systems have replaced Redis by Valkey). `lists`: how to get the lists of packages, and whether they
 * are missing, as they are on a fresh machine or in a container.
 */
export const PACKAGE_MANAGERS = [
  {
    command: 'apt-get',
    install: ['install', '--yes', '--quiet', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=60'],
    packages: {
      redis: ['redis-server', 'valkey-server'],
      python: ['python3'],
      prometheus: ['prometheus'],
      alertmanager: ['prometheus-alertmanager'],
    },
    lists: { update: ['update', '--quiet'], areMissing: () => !hasAptLists() },
    // RUNLEVEL=1 keeps Debian's scripts from starting the new service where there is no systemd.
    env: { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
    asRoot: true,
  },
  {
    command: 'dnf',
    install: ['install', '--assumeyes'],
    packages: {
      redis: ['redis', 'valkey'],
      python: ['python3'],
      prometheus: ['golang-github-prometheus'],
      alertmanager: ['golang-github-prometheus-alertmanager'],
    },
    asRoot: true,
  },
  {
    command: 'apk',
    install: ['add', '--no-cache'],
    packages: {
      redis: ['redis', 'valkey'],
      python: ['python3'],
      prometheus: ['prometheus'],
      alertmanager: ['alertmanager'],
    },
    asRoot: true,
  },
  {
    command: 'pacman',
    install: ['--sync', '--refresh', '--noconfirm', '--needed'],
    packages: {
      redis: ['valkey', 'redis'],
      python: ['python'],
      prometheus: ['prometheus'],
      alertmanager: ['alertmanager'],
    },
    asRoot: true,
  },
  {
    command: 'zypper',
    install: ['--non-interactive', 'install'],
    packages: {
      redis: ['redis', 'valkey'],
      python: ['python3'],
      prometheus: ['golang-github-prometheus-prometheus'],
      alertmanager: ['golang-github-prometheus-alertmanager'],
    },
    asRoot: true,
  },
  {
    command: 'brew',
    install: ['install'],
    packages: {
      redis: ['redis'],
      python: ['python3'],
      prometheus: ['prometheus'],
      alertmanager: ['alertmanager'],
    },
    env: { HOMEBREW_NO_AUTO_UPDATE: '1', NONINTERACTIVE: '1' },
    asRoot: false,
  },
];

function hasAptLists() {
  try {
    return readdirSync('/var/lib/apt/lists').some((name) => name.includes('_Packages'));
  } catch {
    return false;
  }
}
