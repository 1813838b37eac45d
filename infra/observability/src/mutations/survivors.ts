import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { findTool } from '../processes.js';
import { type Rule, readRuleFiles, rulesOf } from '../rule-files.js';
import { type Mutant, mutantsOf, nameOf } from './mutants.js';
import { type Relevant, readRuleTests, relevantTo } from './relevant.js';

/** How many promtools run at a time. */
const AT_A_TIME = 2;

/** Breakages that change nothing, so that no test can notice them. */
const WITHOUT_EFFECT: readonly { readonly rule: string; readonly change: RegExp; readonly why: string }[] = [
  {
    rule: 'CallpostNothingDelivered',
    change: /\[sum\].*→ max/,
    why: 'what is never negative adds up to 0 only if its greatest is 0',
  },
  {
    rule: 'CallpostReplayStopped',
    change: /\[max\].*→ sum/,
    why: 'it asks whether there are any, not how many',
  },
  { rule: 'CallpostWatchdog', change: /\[1\]/, why: 'it fires whatever the value is' },
];

export interface Survivor {
  readonly rule: string;
  readonly change: string;
}

export interface MutationReport {
  readonly tried: number;
  readonly survivors: readonly Survivor[];
}

/**
 * Breaks each rule in every way of `mutants.ts`, and tells which breakages the tests do not notice.
 *
 * @throws when the tests fail without any breakage
 */
export async function findSurvivors(
  onTried: (survivor: Survivor | null) => void = () => undefined,
): Promise<MutationReport> {
  const rules = rulesOf(readRuleFiles());
  const tests = readRuleTests();
  const folder = mkdtempSync(join(tmpdir(), 'callpost-mutants-'));
  const survivors: Survivor[] = [];
  let tried = 0;

  async function tryRule(rule: Rule): Promise<void> {
    const relevant = relevantTo(rule, rules, tests);
    if (!(await passes(folder, relevant, rule)))
      throw new Error(`the tests of ${nameOf(rule)} fail without a mutation`);
    for (const mutant of mutantsOf(rule).filter((one) => hasEffect(rule, one))) {
      const survivor = await survives(folder, relevant, rule, mutant);
      tried += 1;
      if (survivor !== null) survivors.push(survivor);
      onTried(survivor);
    }
  }

  try {
    const waiting = [...rules];
    const work = async () => {
      for (let rule = waiting.shift(); rule !== undefined; rule = waiting.shift()) await tryRule(rule);
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, work));
    return { tried, survivors };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function hasEffect(rule: Rule, { change }: Mutant): boolean {
  return !WITHOUT_EFFECT.some((one) => one.rule === nameOf(rule) && one.change.test(change));
}

async function survives(
  folder: string,
  relevant: Relevant,
  rule: Rule,
  mutant: Mutant,
): Promise<Survivor | null> {
  const rules = relevant.rules.map((one) => (one === rule ? mutant.rule : one));
  const isUnnoticed = await passes(folder, { ...relevant, rules }, mutant.rule);
  return isUnnoticed ? { rule: nameOf(rule), change: mutant.change } : null;
}

let runs = 0;
const promtool = findTool('promtool') ?? 'promtool';

async function passes(folder: string, { tests, rules }: Relevant, rule: Rule): Promise<boolean> {
  runs += 1;
  const own = join(folder, String(runs));
  mkdirSync(own);
  // Recording rules come first, so that what is computed from them sees this moment's value.
  const group = {
    name: nameOf(rule),
    rules: rules.toSorted((a, b) => Number('alert' in a) - Number('alert' in b)),
  };
  writeFileSync(join(own, 'rules.yml'), stringify({ groups: [group] }));
  try {
    for (const { group_eval_order: _, ...file } of tests) {
      writeFileSync(join(own, 'one.test.yml'), stringify({ ...file, rule_files: ['rules.yml'] }));
      const child = spawn(promtool, ['test', 'rules', join(own, 'one.test.yml')], { stdio: 'ignore' });
      const [code] = await once(child, 'exit');
      if (code !== 0) return false;
    }
    return true;
  } finally {
    rmSync(own, { recursive: true });
  }
}
