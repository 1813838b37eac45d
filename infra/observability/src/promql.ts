import type { SyntaxNode, Tree } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

/** A metric as a query uses it. What is around it is listed from the inside outwards. */
export interface Selection {
  readonly metric: string;
  readonly matchedLabels: readonly string[];
  /** `sum`, `max` …, with the labels of their `by`. */
  readonly aggregations: readonly { readonly by: readonly string[]; readonly operator: string }[];
  /** `rate`, `absent` …: those inside the innermost aggregation. */
  readonly functions: readonly string[];
}

/** @throws SyntaxError when it is no PromQL */
export function parseQuery(query: string): Tree {
  const tree = parser.parse(query);
  tree.iterate({
    enter({ type, from }) {
      if (type.isError) throw new SyntaxError(`no PromQL from character ${from} on: ${query}`);
    },
  });
  return tree;
}

/** @throws SyntaxError when it is no PromQL */
export function selectionsIn(query: string): Selection[] {
  const text = ({ from, to }: { from: number; to: number }) => query.slice(from, to);
  return nodesOf(parseQuery(query), 'VectorSelector').map((selector) => {
    const around = ancestorsOf(selector);
    const aggregations = around.filter(({ name }) => name === 'AggregateExpr');
    const inside = aggregations[0] === undefined ? around : around.slice(0, around.indexOf(aggregations[0]));
    return {
      metric: text(selector.getChild('Identifier') ?? selector),
      matchedLabels: nodesBelow(selector, 'LabelName').map(text),
      aggregations: aggregations.map((node) => ({
        operator: text(node.getChild('AggregateOp') ?? node),
        by: nodesBelow(node.getChild('AggregateModifier'), 'LabelName').map(text),
      })),
      functions: inside
        .filter(({ name }) => name === 'FunctionCall')
        .map((node) => text(node.getChild('FunctionIdentifier') ?? node)),
    };
  });
}

/** Nodes of these names in a query, in its order. */
export function nodesOf(tree: Tree, ...names: readonly string[]): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  tree.iterate({
    enter({ name, node }) {
      if (names.includes(name)) found.push(node);
    },
  });
  return found;
}

function nodesBelow(node: SyntaxNode | null, wanted: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let child = node?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name === wanted) found.push(child);
    found.push(...nodesBelow(child, wanted));
  }
  return found;
}

function ancestorsOf(node: SyntaxNode): SyntaxNode[] {
  return node.parent === null ? [] : [node.parent, ...ancestorsOf(node.parent)];
}
