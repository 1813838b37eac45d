import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { type Receiver, startReceiver } from './notifications.js';
import { startService } from './processes.js';
import { readText, readYaml } from './repository.js';
import { readRuleFiles } from './rule-files.js';
import { fasterConfig, fasterDuration, fasterRules } from './speed-up.js';

export interface Monitoring {
  /** `http://127.0.0.1:port` of Prometheus and of Alertmanager. */
  readonly prometheus: string;
  readonly alertmanager: string;
  readonly receiver: Receiver;
  stop(): Promise<void>;
}

interface PrometheusConfig {
  readonly scrape_configs: readonly { readonly job_name: string }[];
}

const PROMETHEUS_TIMES = ['scrape_interval', 'evaluation_interval'];
const ALERTMANAGER_TIMES = ['group_wait', 'group_interval', 'repeat_interval'];
/** Where the deployed configuration sends notifications. */
const BRIDGE = 'http://oncall-bridge:8080';

/**
 * Prometheus and Alertmanager with the configuration of this repository, over the given workers.
 *
 * @param targets `host:port` of each worker
 * @param factor how many times faster than deployed, see `speed-up.ts`; 1 for as it is
 */
export async function startMonitoring(targets: readonly string[], factor: number): Promise<Monitoring> {
  const folder = mkdtempSync(join(tmpdir(), 'callpost-monitoring-'));
  const receiver = await startReceiver();
  const inFolder = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  const alerting = readText('infra/alertmanager/alertmanager.yml').replaceAll(BRIDGE, receiver.origin);
  const alertmanagerConfig = fasterConfig(parse(alerting), ALERTMANAGER_TIMES, factor);
  const alertmanager = await startService('alertmanager', [
    `--config.file=${inFolder('alertmanager.yml', stringify(alertmanagerConfig))}`,
    `--storage.path=${join(folder, 'alertmanager')}`,
    // No cluster.
    '--cluster.listen-address=',
  ]);

  mkdirSync(join(folder, 'rules'));
  for (const [path, rules] of readRuleFiles()) {
    inFolder(join('rules', basename(path)), stringify(fasterRules(rules, factor)));
  }
  const deployed = readYaml('infra/prometheus/prometheus.yml') as PrometheusConfig;
  const config = {
    ...fasterConfig(deployed, PROMETHEUS_TIMES, factor),
    alerting: { alertmanagers: [{ static_configs: [{ targets: [new URL(alertmanager.origin).host] }] }] },
    scrape_configs: deployed.scrape_configs.map(({ job_name }) => ({
      job_name,
      static_configs: [{ targets }],
    })),
  };
  const prometheus = await startService('prometheus', [
    `--config.file=${inFolder('prometheus.yml', stringify(config))}`,
    `--storage.tsdb.path=${join(folder, 'prometheus')}`,
    // One minute unless set, and divided like everything else: an alert is told again, in case it was not heard.
    `--rules.alert.resend-delay=${fasterDuration('1m', factor)}`,
  ]);

  return {
    prometheus: prometheus.origin,
    alertmanager: alertmanager.origin,
    receiver,
    async stop() {
      await Promise.all([prometheus.stop(), alertmanager.stop(), receiver.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
