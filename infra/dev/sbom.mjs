/** `npm run sbom`: what runs in production, with licences and hashes, as CycloneDX in `sbom.cdx.json`, or in the file named. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ensureDependencies } from './dependencies.mjs';
import { ensureNodeVersion } from './node-version.mjs';
import { asCommand, say } from './say.mjs';
import { billOfMaterials } from './supply-chain.mjs';
import { ROOT } from './workspace.mjs';

const file = resolve(process.argv[2] ?? 'sbom.cdx.json');

await asCommand(async () => {
  ensureNodeVersion();
  process.chdir(ROOT);
  await ensureDependencies();
  const bill = await billOfMaterials();
  writeFileSync(file, `${JSON.stringify(bill, null, 2)}\n`);
  say('ok', 'bill of materials', `${bill.components.length} packages, ${file}`);
  return 0;
});
