import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readEnvironment } from '../config/environment.ts';
import { Encryption } from './codec/encryption.ts';
import { serveCodec } from './codec/server.ts';
import { ensureTemporalCli } from './setup/temporal-cli.ts';

/** Passes everything on to the Temporal CLI, which sees payloads in clear text where this machine has their keys. */
export async function temporal(args: string[]): Promise<void> {
  const cli = await ensureTemporalCli({ log: (line) => void process.stderr.write(`${line}\n`) });
  const child = spawn(cli, args, { stdio: 'inherit', env: { ...process.env, ...(await ownCodec(args)) } });
  const [code] = (await once(child, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
}

/** A codec server of this process, for the CLI alone, unless another one is named. */
async function ownCodec(args: string[]): Promise<NodeJS.ProcessEnv> {
  const { codecKeys } = readEnvironment();
  const named = process.env.TEMPORAL_CODEC_ENDPOINT || args.some((arg) => arg.startsWith('--codec-endpoint'));
  if (codecKeys === undefined || named) return {};
  const token = randomUUID();
  const codec = await Encryption.open(codecKeys);
  const { url } = await serveCodec({ codec, port: 0, origins: new Set(), token });
  return { TEMPORAL_CODEC_ENDPOINT: url, TEMPORAL_CODEC_AUTH: `Bearer ${token}` };
}
