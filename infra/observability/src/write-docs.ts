import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { grafanaDashboard } from './dashboards/grafana.js';
import { DASHBOARDS } from './dashboards/index.js';
import { metricsPage } from './metrics-page.js';
import { DASHBOARDS_FOLDER, ROOT } from './repository.js';
import { readRuleFiles, rulesOf } from './rule-files.js';

/* `npm run docs:metrics`: writes docs/metrics.md and the dashboards. */

mkdirSync(join(ROOT, 'docs'), { recursive: true });
writeFileSync(join(ROOT, 'docs/metrics.md'), metricsPage(rulesOf(readRuleFiles())));
for (const dashboard of DASHBOARDS) {
  const path = join(ROOT, DASHBOARDS_FOLDER, `${dashboard.uid}.json`);
  writeFileSync(path, `${JSON.stringify(grafanaDashboard(dashboard), null, 2)}\n`);
}
// As everything else in the repository is formatted.
spawnSync('node_modules/.bin/biome', ['format', '--write', DASHBOARDS_FOLDER], {
  cwd: ROOT,
  stdio: 'inherit',
});
