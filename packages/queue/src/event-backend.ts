import type { IRedisClient, RedisQueueBackend, WorkerOptions } from 'bullmq';
import { GatedBackend } from './consume/gated-backend.js';
import { createDeliverTogether, DELIVERS_TOGETHER, NOT_PLAIN, nextEvent } from './lanes/deliver-together.js';
import {
  ADD_TOGETHER,
  DELIVER_TOGETHER,
  LANE_COMMANDS,
  MOVE_TO_FINISHED,
  ourCommand,
} from './lanes/lane-commands.js';

/** An event as it is enqueued. */
export interface NewEvent {
  /** Job id. */
  readonly id: string;
  /** The event as JSON. */
  readonly data: string;
  /** Unix ms, with a fraction that orders the events of one millisecond. */
  readonly timestamp: number;
  /** The call in whose lane it takes a place. */
  readonly call: string;
  /** The trace it is part of, as BullMQ carries it: a JSON text of propagation headers. Absent when nothing is traced. */
  readonly trace?: string;
}

/** As what a producer comes to a queue, see `lanes/add-lua.ts`. */
export interface Entry {
  /** Of its layout. */
  readonly generation: number;
  /** Whether calls begin here by that layout, or only go on. */
  readonly mayOpen: boolean;
}

/** `not_here`: nothing of its call is in this queue any more, and the event was not added. */
export type Added = 'accepted' | 'duplicate' | 'not_here';

type CommandClient = Parameters<RedisQueueBackend['execCommand']>[0];
type DeliverTogether = ReturnType<typeof createDeliverTogether>;
type Completed = Awaited<ReturnType<RedisQueueBackend['moveToCompleted']>>;

export const DEFAULT_DEDUP_WINDOW_MS = 60 * 60 * 1_000;

const OUR_COMMANDS = new Set(LANE_COMMANDS.map(({ name }) => name));

/**
 * BullMQ's Redis, with Callpost's rules in the places where only they can hold: lanes within the scripts that add and
 * finish a job (`lanes/lane-commands.ts`), and a gate before one is taken (`consume/gated-backend.ts`). Queue, Worker and
 * data stay BullMQ's.
 */
export class EventBackend extends GatedBackend {
  /** How long the id of a delivered event is remembered. */
  dedupWindowMs = DEFAULT_DEDUP_WINDOW_MS;
  #deliver: DeliverTogether | undefined;

  /**
   * Adds events, each in its lane, with one script. Of a job's options only the trace is written, under BullMQ's short name
   * for it, `tm`: how an event is retried and kept is not its own but the worker's policy.
   *
   * @returns for each event what became of it; or `stale`, and nothing was added
   */
  async addTogether(
    client: IRedisClient,
    { generation, mayOpen }: Entry,
    events: readonly NewEvent[],
  ): Promise<Added[] | 'stale'> {
    if (events.length === 0) return [];
    const command: unknown[] = [`${this.keys['']}wait`, this.keys[''], generation, mayOpen ? 1 : 0];
    for (const { id, data, timestamp, call, trace } of events) {
      command.push(id, data, trace === undefined ? '{}' : JSON.stringify({ tm: trace }), timestamp, call);
    }
    const answers: (number | Error)[] | number = await client.runCommand(ourCommand(ADD_TOGETHER), command);
    if (!Array.isArray(answers)) return 'stale';
    return answers.map((answer) => {
      if (answer instanceof Error) throw answer;
      return answer === 1 ? 'accepted' : answer === 0 ? 'duplicate' : 'not_here';
    });
  }

  override execCommand(
    ...[client, name, args]: Parameters<RedisQueueBackend['execCommand']>
  ): ReturnType<RedisQueueBackend['execCommand']> {
    if (name === MOVE_TO_FINISHED) return client.runCommand(ourCommand(name), [...args, this.dedupWindowMs]);
    return OUR_COMMANDS.has(name)
      ? client.runCommand(ourCommand(name), args)
      : super.execCommand(client, name, args);
  }

  /** Of an event that was delivered. BullMQ would keep the job, or measure, only if the worker was set to. */
  override async moveToCompleted(
    ...parameters: Parameters<RedisQueueBackend['moveToCompleted']>
  ): Promise<Completed> {
    const [job, , , token, fetchNext] = parameters;
    if (!DELIVERS_TOGETHER) return super.moveToCompleted(...parameters);
    const deliver = this.#deliver ?? this.#deliverBy(await this.queue.client);
    const fetchesNext = fetchNext && !this.queue.closing && this.mayBringNext();
    const answer = await deliver({ jobId: job.id ?? '', token, fetchesNext });
    if (answer === NOT_PLAIN) return super.moveToCompleted(...parameters);
    if (typeof answer === 'number' && answer < 0) {
      throw this.finishedErrors({
        code: answer,
        jobId: job.id ?? '',
        command: MOVE_TO_FINISHED,
        state: 'active',
      });
    }
    return { result: nextEvent(answer), finishedOn: Date.now() };
  }

  #deliverBy(client: CommandClient): DeliverTogether {
    this.#deliver ??= createDeliverTogether(
      async (command) => client.runCommand(ourCommand(DELIVER_TOGETHER), command),
      () => {
        const { lockDuration, limiter } = this.queue.opts as WorkerOptions & { lockDuration: number };
        return {
          keyPrefix: this.keys[''] ?? '',
          nowMs: Date.now(),
          lockDurationMs: lockDuration,
          dedupWindowMs: this.dedupWindowMs,
          limiter,
        };
      },
    );
    return this.#deliver;
  }
}
