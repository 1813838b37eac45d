import type { AttemptRecord } from './attempt-record.js';
import type { Reason } from './reason.js';

/** What dead letters that failed alike have in common. */
export interface Cause {
  /** `http_422.35wckeasdgsu9`: the reason, and a hash of reason and template; the same in every worker and version. */
  readonly id: string;
  readonly reason: Reason;
  /** What the other side said, with all that differs from event to event folded: `phone is invalid for event #`. */
  readonly template: string;
}

/** Longer templates are cut: what tells causes apart stands at the beginning of an error message. */
const TEMPLATE_LENGTH = 200;

/**
 * The cause of a death, from the record of the attempt that decided.
 *
 * @param record null for an event whose workers all died before one could decide
 */
export function causeOf(reason: Reason, record: AttemptRecord | null): Cause {
  const said = record?.excerpt ?? record?.faults?.join('; ') ?? record?.code ?? '';
  const underlying = record?.lastReason === undefined ? '' : `${record.lastReason} `;
  const template = `${underlying}${foldResponse(said)}`.trim().slice(0, TEMPLATE_LENGTH);
  return { id: `${reason}.${hash(`${reason}\n${template}`)}`, reason, template };
}

/**
 * A response without what differs from event to event: numbers, ids, times, links, quoted values, and what masking has
 * hidden already. Works on text, not on JSON, since an excerpt may be cut in the middle.
 */
export function foldResponse(text: string): string {
  return FOLDS.reduce((folded, [what, instead]) => folded.replace(what, instead), text).trim();
}

/**
 * `#` is an id or a number: producers have both for ids. In this order: a time before its numbers, a key of JSON before quoted values.
 */
const FOLDS: ReadonlyArray<readonly [RegExp, string]> = [
  [/<(script|style)\b[\s\S]*?<\/\1>/gi, ' '],
  [/<\/?[a-z!][^>]*>/gi, ' '],
  [/\\u[0-9a-f]{4}/gi, '?'],
  [/\bhttps?:\/\/[^\s"'<>\\]+/gi, '<url>'],
  [/\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?/g, '<time>'],
  [/\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} \w{3} \d{4} [\d:]+ GMT/g, '<time>'],
  [/\+?\d*•••\d*/g, '<hidden>'],
  // Quoted values inside a text: 'x', `x`, \"x\", “x”; and a JSON string that is a value without blanks and with a digit.
  [/(^|[\s(:,=[])'[^'\n]{1,80}'/g, '$1<value>'],
  [/`[^`\n]{1,80}`|\\"[^"\n]{1,80}?\\"|“[^”\n]{1,80}”/g, '<value>'],
  [/"[^"\s:,{}[\]]*\d[^"\s:,{}[\]]*"(?!\s*:)/g, '"#"'],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '#'],
  [/\b(?=[\w.-]*\d)(?=[\w.-]*[a-z])[\w-]{6,}(?:\.[\w-]+)*\b/gi, '#'],
  [/\d+(?:[.,]\d+)*/g, '#'],
  [/#(?:[-_:/]#)+/g, '#'],
  [/\s+/g, ' '],
];

/** FNV-1a in 64 bits: plenty for the causes of one channel, the same everywhere, and no crypto library in the domain. */
function hash(text: string): string {
  let state = 0xcbf29ce484222325n;
  for (let index = 0; index < text.length; index += 1) {
    state = BigInt.asUintN(64, (state ^ BigInt(text.charCodeAt(index))) * 0x100000001b3n);
  }
  return state.toString(36).padStart(13, '0');
}
