/** What is told of an outage that was run. Minutes are of the story, since its start. */
export interface OutageFacts {
  readonly factor: number;
  readonly eventsPerSecond: number;
  readonly outage: readonly [fromMinute: number, toMinute: number];
  readonly endMinute: number;
  /** The first time each paging alert was told, firing or resolved. */
  readonly pages: readonly {
    readonly alert: string;
    readonly status: 'firing' | 'resolved';
    readonly minute: number;
  }[];
  /** Events that Redis acknowledged. */
  readonly accepted: number;
  /** Of these, the ones that Re:amaze did not have at the end. */
  readonly missing: number;
}

/** The text of docs/on-call.md. */
export function onCallPage(facts: OutageFacts): string {
  const { outage, pages, eventsPerSecond, accepted, missing, factor } = facts;
  const [from, to] = outage;
  const speed =
    factor === 1
      ? 'in real time'
      : `${factor} times faster than deployed (every duration divided, see speed-up.ts)`;
  return `<!-- Made by \`npm run docs:outage\`. Do not edit. -->
# An outage, as on-call sees it

Two workers, one Redis, ${eventsPerSecond} events a second, and the Prometheus, rules and Alertmanager of this repository, ${speed}. From
minute ${clock(from)} to ${clock(to)} (shaded) Re:amaze answered every request with 503. Everything below is what Prometheus recorded of
that run.

| after the first failure | what on-call was told |
|---|---|
${pages.map((page) => `| ${clock(page.minute - from)} | ${page.status}: [${page.alert}](runbooks/${page.alert}.md) |`).join('\n')}

Of ${accepted.toLocaleString('en-GB')} events that Redis had acknowledged, ${missing === 0 ? 'none was missing' : `${missing} were still missing`} in Re:amaze at the end.

## What fails?

![attempts by outcome](images/on-call/attempts.svg)

\`delivered\` is gone within seconds. What fails is tried again with growing delays while new events join; a ratio of dead to
delivered would have shown nothing, since nothing dies. Dashboard *Callpost deliveries*, first row.

## What piles up?

![backlog by state](images/on-call/backlog.svg)

Nothing is lost: what is not delivered is in Redis, waiting for its next attempt.

## How bad is it?

![budget burn](images/on-call/burn.svg)

The objective is that 99.9 % of live events arrive within 60 s. 1 spends the budget of a month in a month. The short
window says that it is still going on, the long one that it is worth waking somebody. What flickers around 1 on quiet days is
what was enqueued and not yet delivered at the moment of the scrape.

## Does it get better?

![ages and time left](images/on-call/ages.svg)

The age of what is retried grows while nothing is delivered. Once the backlog shrinks, the time until it is gone can be told;
until then it is infinite, and not drawn.

## What was said?

![alerts](images/on-call/alerts.svg)

One call for a channel. While \`CallpostNothingDelivered\` fires, Alertmanager keeps its symptoms to itself. What comes after the
end has a longer memory: \`CallpostBudgetBurns\` looks back over half an hour, and is an update of the call that is open already.

## What to do

Read the runbook that the page names. For a Re:amaze that fails there is little: see that Redis has room
(\`callpost_redis_memory_full_eta_seconds\`) and wait; every event is delivered by itself. Then look whether any died meanwhile:

\`\`\`sh
callpost status
callpost dlq causes
\`\`\`
`;
}

/** 4.25 as 4:15. */
function clock(minutes: number): string {
  const seconds = Math.round(minutes * 60);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
