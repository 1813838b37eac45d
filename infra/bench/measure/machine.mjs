import { readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';

/** Linux counts the time of processes in hundredths of a second, whatever its own clock. */
const TICKS_PER_SECOND = 100;

export function machine() {
  const [first, ...others] = cpus();
  return {
    cpu: first.model,
    cores: others.length + 1,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    os: /PRETTY_NAME="(.*)"/.exec(readIfThere('/etc/os-release'))?.[1] ?? process.platform,
    kernel: /^Linux version (\S+)/.exec(readIfThere('/proc/version'))?.[1] ?? '',
  };
}

/** CPU seconds that a running process has used, with all its threads. */
export function cpuSecondsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** The most memory that a running process has had resident, in bytes. */
export function peakRssBytes(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1_024;
}

/** CPU seconds that all processes of the machine have used, and that the hypervisor gave to others. */
export function machineCpuSeconds() {
  const [, user, nice, system, , , , , steal] = readFileSync('/proc/stat', 'utf8')
    .split('\n')[0]
    .split(/\s+/);
  return {
    used: (Number(user) + Number(nice) + Number(system)) / TICKS_PER_SECOND,
    stolen: Number(steal) / TICKS_PER_SECOND,
  };
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
