import { execFile, execFileSync } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ip = async (...args: string[]): Promise<string> => (await run('ip', args)).stdout;

/** Why there can be no hosts here; null: there can. */
export function noHosts(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'it takes root on Linux';
  try {
    execFileSync('ip', ['netns', 'add', 'critique-loop-try'], { stdio: 'pipe' });
    execFileSync('ip', ['netns', 'delete', 'critique-loop-try']);
    return null;
  } catch (error) {
    return `no network namespaces: ${(error as Error).message.trim()}`;
  }
}

/** A machine to all that runs on it: its own loopback, its own address, one cable. */
export class Host {
  readonly name: string;
  /** What a command is started by to run on it. */
  readonly within: readonly string[];
  readonly #cable: string;

  constructor(name: string, cable: string) {
    this.name = name;
    this.within = ['ip', 'netns', 'exec', name];
    this.#cable = cable;
  }

  async unplug(): Promise<void> {
    await ip('link', 'set', this.#cable, 'down');
  }

  async plug(): Promise<void> {
    await ip('link', 'set', this.#cable, 'up');
  }

  /** kill -9 of everything on it. */
  async lose(): Promise<void> {
    await killAll(this.name);
  }
}

/** Of this machine, on the switch. */
const ADDRESS = '10.213.77.1';
const SWITCH = 'critique-loop';
const PREFIX = 'critique-loop-';

/** Hosts on one switch, which this process is on, too. There is one network on a machine. */
export class Network {
  readonly address = ADDRESS;
  #hosts = 1;

  static async create(): Promise<Network> {
    // What a run left that was killed.
    await remove();
    await ip('link', 'add', SWITCH, 'type', 'bridge');
    await ip('address', 'add', `${ADDRESS}/24`, 'dev', SWITCH);
    await ip('link', 'set', SWITCH, 'up');
    return new Network();
  }

  async host(name: string): Promise<Host> {
    const number = ++this.#hosts;
    const cable = `critique-l-${number}`;
    const host = new Host(`${PREFIX}${name}`, cable);
    await ip('netns', 'add', host.name);
    await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host.name);
    await ip('link', 'set', cable, 'master', SWITCH, 'up');
    await ip('-n', host.name, 'address', 'add', `10.213.77.${number}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) await ip('-n', host.name, 'link', 'set', device, 'up');
    return host;
  }

  async remove(): Promise<void> {
    await remove();
  }
}

async function remove(): Promise<void> {
  const names = (await ip('netns', 'list')).split('\n').map((line) => line.split(' ')[0]!);
  for (const name of names.filter((it) => it.startsWith(PREFIX))) {
    await killAll(name);
    await ip('netns', 'delete', name);
  }
  await ip('link', 'delete', SWITCH).catch(() => {});
}

async function killAll(namespace: string): Promise<void> {
  const pids = (await ip('netns', 'pids', namespace)).split('\n').filter(Boolean);
  for (const pid of pids)
    try {
      process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has just ended.
    }
}
