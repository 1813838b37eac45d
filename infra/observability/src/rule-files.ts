import { listFiles, RULES_FOLDER, readYaml } from './repository.js';

/** A file of Prometheus's rules, as it is written. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

interface RuleGroup {
  readonly name: string;
  readonly rules: readonly Rule[];
}

interface RecordingRule {
  readonly record: string;
  readonly expr: string;
}

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}

export type Rule = RecordingRule | AlertRule;

/** By path. */
export function readRuleFiles(): Map<string, RuleFile> {
  return new Map(listFiles(RULES_FOLDER, '.yml').map((path) => [path, readYaml(path) as RuleFile]));
}

export function rulesOf(files: ReadonlyMap<string, RuleFile>): Rule[] {
  return [...files.values()].flatMap(({ groups }) => groups.flatMap(({ rules }) => rules));
}

export function isAlert(rule: Rule): rule is AlertRule {
  return 'alert' in rule;
}
