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
    for (const pid of (await ip('netns', 'pids', this.name)).split('\n').filter(Boolean))
      process.kill(Number(pid), 'SIGKILL');
  }
}

/** Hosts on one switch, which this process is on, too. */
export class Network {
  /** Of this process. */
  readonly address = '10.213.77.1';
  readonly #switch = `clsw${process.pid}`;
  readonly #hosts: Host[] = [];

  static async create(): Promise<Network> {
    const network = new Network();
    await ip('link', 'add', network.#switch, 'type', 'bridge');
    await ip('address', 'add', `${network.address}/24`, 'dev', network.#switch);
    await ip('link', 'set', network.#switch, 'up');
    return network;
  }

  async host(name: string): Promise<Host> {
    const number = this.#hosts.length + 2;
    const cable = `cl${process.pid}-${number}`;
    const host = new Host(`critique-loop-${process.pid}-${name}`, cable);
    this.#hosts.push(host);
    await ip('netns', 'add', host.name);
    await ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', host.name);
    await ip('link', 'set', cable, 'master', this.#switch, 'up');
    await ip('-n', host.name, 'address', 'add', `10.213.77.${number}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) await ip('-n', host.name, 'link', 'set', device, 'up');
    return host;
  }

  async remove(): Promise<void> {
    for (const host of this.#hosts) {
      await host.lose();
      await ip('netns', 'delete', host.name);
    }
    await ip('link', 'delete', this.#switch);
  }
}
