import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runQuietly } from './run.mjs';
import { ROOT } from './workspace.mjs';

/** From this severity on a known vulnerability fails `npm test`. */
const SEVERE = ['high', 'critical'];

/**
 * Known vulnerabilities in what runs in production, as the registry tells them.
 *
 * @returns {Promise<{ outcome: 'clean' | 'vulnerable' | 'unknown', why: string }>} `unknown`: the registry would not say
 */
export async function auditDependencies() {
  const { output } = await runQuietly('pnpm', ['audit', '--prod', '--json']);
  return auditOutcome(output);
}

/** @param {string} output of `pnpm audit --json` */
export function auditOutcome(output) {
  const report = parsed(output);
  const counts = report?.metadata?.vulnerabilities;
  if (counts === undefined) {
    const said = report?.error?.code ?? 'no answer that can be read';
    return { outcome: 'unknown', why: `the registry does not audit (${said}); run it where one does` };
  }
  const severe = SEVERE.filter((severity) => counts[severity] > 0);
  if (severe.length === 0) return { outcome: 'clean', why: 'none of high or critical severity' };
  const found = severe.map((severity) => `${counts[severity]} ${severity}`).join(', ');
  const names = Object.values(report.advisories ?? {})
    .filter(({ severity }) => SEVERE.includes(severity))
    .map(({ module_name: name, title }) => `${name}: ${title}`);
  return { outcome: 'vulnerable', why: [found, ...names].join('\n') };
}

/** What of our own makes up the product, as one CycloneDX document; the same for the same lockfile. */
export async function billOfMaterials() {
  const { code, output, errors } = await runQuietly('pnpm', ['licenses', 'list', '--prod', '--json']);
  const byLicence = code === 0 ? parsed(output) : null;
  if (byLicence === null) throw new Error(`pnpm licenses list failed:\n${errors}`);
  const hashes = lockedHashes(readFileSync(join(ROOT, 'pnpm-lock.yaml'), 'utf8'));
  const components = Object.values(byLicence)
    .flat()
    .flatMap(({ name, versions, license }) =>
      versions.map((version) => componentOf(name, version, license, hashes.get(`${name}@${version}`))),
    )
    .sort((one, other) => (one['bom-ref'] < other['bom-ref'] ? -1 : 1));
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: { type: 'application', name: 'callpost', 'bom-ref': 'callpost' } },
    components,
    dependencies: [{ ref: 'callpost', dependsOn: components.map((component) => component['bom-ref']) }],
  };
}

function componentOf(name, version, licence, sha512) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return {
    type: 'library',
    'bom-ref': purl,
    name,
    version,
    purl,
    licenses: [{ license: { name: licence } }],
    ...(sha512 === undefined ? {} : { hashes: [{ alg: 'SHA-512', content: sha512 }] }),
  };
}

/** By `name@version`, in hexadecimal. */
function lockedHashes(lockfile) {
  const entries = lockfile.matchAll(
    /^ {2}'?(.+?@[^('\n]+)'?:\n {4}resolution: \{integrity: sha512-([\w+/=]+)/gm,
  );
  return new Map(
    Array.from(entries, ([, id, base64]) => [id, Buffer.from(base64, 'base64').toString('hex')]),
  );
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
