import { parse } from 'yaml';
import { selectionsIn } from '../promql.js';
import { listFiles, RULE_TESTS_FOLDER, readText } from '../repository.js';
import type { Rule } from '../rule-files.js';
import { nameOf } from './mutants.js';

/** A file of promtool's tests. */
export interface RuleTests {
  readonly rule_files: readonly string[];
  readonly group_eval_order: readonly string[];
  readonly evaluation_interval: string;
  readonly tests: readonly object[];
}

/** What can tell whether a rule is right: the tests that speak of it, and the rules that these tests need. */
export interface Relevant {
  /** One test each, those that name the rule first. */
  readonly tests: readonly RuleTests[];
  readonly rules: readonly Rule[];
}

export function readRuleTests(): RuleTests[] {
  return listFiles(RULE_TESTS_FOLDER, '.test.yml').map((path) => parse(readText(path)) as RuleTests);
}

/**
 * Running everything for each mutant would take an hour. A test speaks of a rule when it names the rule, one that is
 * computed from it, or asks for every alert at once.
 */
export function relevantTo(rule: Rule, allRules: readonly Rule[], allTests: readonly RuleTests[]): Relevant {
  const names = dependentsOf(nameOf(rule), allRules);
  const single = allTests.flatMap((file) => file.tests.map((test) => ({ ...file, tests: [test] })));
  const rankOf = ({ tests }: RuleTests) => {
    const text = JSON.stringify(tests);
    if (text.includes(nameOf(rule))) return 0;
    return /ALERTS\{(?!alertname)/.test(text) || names.some((name) => speaksOf(text, name)) ? 1 : null;
  };
  const tests = single
    .filter((one) => rankOf(one) !== null)
    .sort((a, b) => Number(rankOf(a)) - Number(rankOf(b)));
  const text = JSON.stringify(tests);
  const spokenOf = allRules.filter((one) => one === rule || speaksOf(text, nameOf(one)));
  const needed = new Set(spokenOf.flatMap((one) => [one, ...neededBy(one, allRules)]));
  return { tests, rules: allRules.filter((one) => needed.has(one)) };
}

function dependentsOf(name: string, rules: readonly Rule[]): string[] {
  const direct = rules.filter((rule) => selectionsIn(rule.expr).some(({ metric }) => metric === name));
  return [name, ...direct.flatMap((rule) => dependentsOf(nameOf(rule), rules))];
}

function neededBy(rule: Rule, rules: readonly Rule[]): Rule[] {
  const direct = rules.filter((one) => selectionsIn(rule.expr).some(({ metric }) => metric === nameOf(one)));
  return direct.flatMap((one) => [one, ...neededBy(one, rules)]);
}

/** By name, or by a pattern such as `CallpostBudget.*`. */
function speaksOf(text: string, name: string): boolean {
  if (text.includes(name)) return true;
  const patterns = [...text.matchAll(/alertname=~\\"([^"\\]+)\\"/g)].map(([, pattern = '']) => pattern);
  return patterns.some((pattern) => new RegExp(`^(?:${pattern})$`).test(name));
}
