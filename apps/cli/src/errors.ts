import { type Fault, faultText } from '@callpost/domain';

/** The command line, or the environment, asks for something that cannot be. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';

  constructor(...faults: readonly Fault[]) {
    super(faults.map(faultText).join('; '));
  }
}

/** What was asked for is not there. Exit code 3. */
export class NoMatchError extends Error {
  override readonly name = 'NoMatchError';
}

/** What was planned cannot be done any more; it has to be planned anew. Exit code 5. */
export class StaleError extends Error {
  override readonly name = 'StaleError';
}

/** As things are it cannot be done, and the words say why. Exit code 1. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** The person, or the machine, stopped the command. Exit code 130. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';

  constructor() {
    super('interrupted');
  }
}

/** Nobody reads stdout any more, as after `| head`. Not a failure: exit code 0, and nothing is said. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
}
