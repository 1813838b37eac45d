import type { SyntaxNode } from '@lezer/common';
import { nodesOf, parseQuery } from '../promql.js';
import { isAlert, type Rule } from '../rule-files.js';

/** A rule with one thing wrong, as somebody might get it wrong. */
export interface Mutant {
  /** What was done to it, in words. */
  readonly change: string;
  readonly rule: Rule;
}

export function nameOf(rule: Rule): string {
  return isAlert(rule) ? rule.alert : rule.record;
}

export function mutantsOf(rule: Rule): Mutant[] {
  return [...queryMutants(rule), ...(isAlert(rule) ? alertMutants(rule) : [])];
}

/** Operators and aggregations, and what takes their place. */
const SWAPS: Readonly<Record<string, readonly string[]>> = {
  sum: ['max'],
  max: ['sum'],
  min: ['max'],
  '>': ['<'],
  '>=': ['<'],
  '==': ['!='],
  '+': ['-'],
  '-': ['+'],
  '*': ['/'],
  '/': ['*'],
  and: ['or'],
  or: ['and'],
  unless: ['and'],
};
const OPERATORS = ['AggregateOp', 'Gtr', 'Gte', 'Eql', 'Add', 'Sub', 'Mul', 'Div', 'And', 'Or', 'Unless'];
const DURATION = 'NumberDurationLiteralInDurationContext';
const MATCHER = 'UnquotedLabelMatcher';

function queryMutants(rule: Rule): Mutant[] {
  const { expr } = rule;
  const tree = parseQuery(expr);
  const replaced = (node: SyntaxNode, by: string): Mutant => ({
    change: `${inContext(expr, node)} → ${by || 'nothing'}`,
    rule: { ...rule, expr: expr.slice(0, node.from) + by + expr.slice(endOf(node, expr, by)) },
  });
  const of = (names: readonly string[], replacements: (text: string) => readonly string[]) =>
    nodesOf(tree, ...names).flatMap((node) =>
      replacements(expr.slice(node.from, node.to)).map((by) => replaced(node, by)),
    );
  return [
    ...of(OPERATORS, (text) => SWAPS[text] ?? []),
    ...of(['NumberDurationLiteral'], (text) => scaled(Number(text), 2)),
    ...of([DURATION], (text) =>
      scaled(Number.parseInt(text, 10), 4).map((count) => count + text.replace(/\d+/, '')),
    ),
    ...of([MATCHER], () => ['']),
    ...of(['AggregateModifier'], () => ['']),
  ];
}

/** A matcher that goes takes its comma with it. */
function endOf(node: SyntaxNode, expr: string, by: string): number {
  const comma = by === '' && node.name === MATCHER ? /^\s*,\s*/.exec(expr.slice(node.to)) : null;
  return node.to + (comma?.[0].length ?? 0);
}

/** Too much and too little; half a unit of a duration is not to be had. */
function scaled(value: number, factor: number): string[] {
  if (value === 0) return ['1'];
  const less = value / factor;
  return [String(value * factor), ...(factor === 2 || Number.isInteger(less) ? [String(less)] : [])];
}

function alertMutants(rule: Extract<Rule, { alert: string }>): Mutant[] {
  const { for: pending, labels } = rule;
  const { for: _, ...atOnce } = rule;
  const severity = labels.severity === 'page' ? 'ticket' : 'page';
  return [
    ...(pending === undefined
      ? [{ change: 'for: 5m', rule: { ...rule, for: '5m' } }]
      : [
          { change: `for: ${pending} → nothing`, rule: atOnce },
          { change: `for: ${pending} → four times that`, rule: { ...rule, for: quadrupled(pending) } },
        ]),
    { change: `severity ${severity}`, rule: { ...rule, labels: { ...labels, severity } } },
  ];
}

function quadrupled(duration: string): string {
  return duration.replace(/\d+/, (count) => String(4 * Number(count)));
}

/** A piece of a query, marked, with a little of what is around it. */
function inContext(expr: string, { from, to }: SyntaxNode): string {
  const before = expr.slice(Math.max(0, from - CONTEXT), from);
  const after = expr.slice(to, to + CONTEXT);
  return `${before}[${expr.slice(from, to)}]${after}`.replace(/\s+/g, ' ').trim();
}

const CONTEXT = 24;
