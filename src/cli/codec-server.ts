import { once } from 'node:events';
import { readEnvironment } from '../config/environment.ts';
import { Encryption } from './codec/encryption.ts';
import { originsOf, serveCodec } from './codec/server.ts';
import { SetupError } from './setup/setup-error.ts';

export interface CodecServerCommand {
  port: number;
  host: string;
  uiOrigin: string[];
  tokenEnv?: string;
}

/** Until SIGTERM or SIGINT. */
export async function codecServer({ port, host, uiOrigin, tokenEnv }: CodecServerCommand): Promise<void> {
  const { codecKeys } = readEnvironment();
  if (codecKeys === undefined)
    throw new SetupError(
      'CRITIQUE_LOOP_CODEC_KEYS is not set, expected the file of the keys: "critique-loop codec-key FILE" makes one',
    );
  const token = tokenEnv === undefined ? undefined : process.env[tokenEnv]?.trim();
  if (tokenEnv !== undefined && !token)
    throw new SetupError(`--token-env: there is no variable ${tokenEnv}, expected the token in it`);
  if (token === undefined && host !== '127.0.0.1')
    throw new SetupError(`--host ${host}: expected --token-env too, where others than this machine can ask`);
  const wrong = uiOrigin.find((origin) => !URL.canParse(origin) || new URL(origin).origin !== origin);
  if (wrong !== undefined)
    throw new SetupError(`--ui-origin: got "${wrong}", expected scheme, host and port alone, like ${UI_ORIGINS[0]}`);
  const codec = await Encryption.open(codecKeys);
  const server = await serveCodec({ codec, port, host, origins: new Set(uiOrigin), token });
  process.stdout.write(`codec server on ${server.url}, for the UI at ${uiOrigin.join(', ')}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await server.close();
}

export const UI_ORIGINS: string[] = originsOf('http://127.0.0.1:8233');
