import { userInfo } from 'node:os';

/** Who runs the command, for the audit trail. A container may run as a number that no name belongs to. */
export function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
