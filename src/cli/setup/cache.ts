import { homedir } from 'node:os';
import { join } from 'node:path';

/** What set-up made once and every clone on this machine shares: `$XDG_CACHE_HOME` or `~/.cache`, then `critique-loop`. */
export const cacheFolder = (env: NodeJS.ProcessEnv, name: string): string =>
  join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'critique-loop', name);
