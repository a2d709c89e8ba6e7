import { openAsBlob } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepo, HubApiError, uploadFiles } from '@huggingface/hub';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { Failure } from '../failures.ts';

export interface PushRequest {
  /** `my-org/critiques` */
  name: string;
  /** Of a dataset that is not there yet. */
  private: boolean;
  /** Variable that holds a token that may write. */
  tokenEnv: string;
}

export interface PushedDataset {
  url: string;
  /** null: everything was there already. */
  commit: string | null;
}

/**
 * Uploads the files of a folder to a dataset on the Hugging Face hub, which is made where there is none, as one commit.
 * @throws Failure InvalidInput where the hub refuses, HubUnavailable where it can't be reached; neither has the token in it
 */
export async function pushFolder(
  request: PushRequest,
  access: { folder: string; env: NodeJS.ProcessEnv; signal?: AbortSignal },
): Promise<PushedDataset> {
  const { folder, env, signal } = access;
  const hubUrl = (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');
  const accessToken = env[request.tokenEnv]?.trim();
  if (!accessToken)
    throw new Failure(
      'InvalidInput',
      `"push.tokenEnv" names ${request.tokenEnv}, which is not set where this worker runs`,
    );
  const repo = { type: 'dataset' as const, name: request.name };
  const connection = { hubUrl, accessToken: accessToken as `hf_${string}`, fetch: throughProxy(signal) };
  const url = `${hubUrl}/datasets/${request.name}`;
  try {
    await createRepo({ repo, visibility: request.private ? 'private' : 'public', ...connection }).catch((error) => {
      if (!(error instanceof HubApiError && error.statusCode === 409)) throw error;
    });
    const names = (await readdir(folder)).filter((name) => !name.endsWith('.tmp')).sort();
    const files = await Promise.all(
      names.map(async (path) => ({ path, content: await openAsBlob(join(folder, path)) })),
    );
    const pushed = await uploadFiles({ repo, files, commitTitle: 'Critiques', useXet: false, ...connection });
    return { url, commit: pushed?.commit.oid ?? null };
  } catch (error) {
    signal?.throwIfAborted();
    throw explained(error, url, accessToken);
  }
}

/** Proxies of the environment are used, and the token goes nowhere but where the library sends it: to the hub. */
function throughProxy(signal: AbortSignal | undefined): typeof globalThis.fetch {
  const dispatcher = new EnvHttpProxyAgent();
  const ours = (url: string, init: object = {}) => fetch(url, { ...init, dispatcher, ...(signal && { signal }) });
  return ours as unknown as typeof globalThis.fetch;
}

function explained(error: unknown, url: string, token: string): Failure {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(token, '[token]');
  const refused = error instanceof HubApiError && error.statusCode < 500 && error.statusCode !== 429;
  if (refused) return new Failure('InvalidInput', `${url} refuses the push: ${message}`);
  return new Failure('HubUnavailable', `${url} does not take the push: ${message}`);
}
