import { openAsBlob } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createRepo, HubApiError, uploadFiles } from '@huggingface/hub';
import { EnvHttpProxyAgent, fetch, Headers } from 'undici';
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
  /** null: there was nothing to commit. */
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
  const token = env[request.tokenEnv]?.trim();
  if (!token)
    throw new Failure(
      'InvalidInput',
      `"push.tokenEnv" names ${request.tokenEnv}, which is not set where this worker runs`,
    );
  const repo = { type: 'dataset' as const, name: request.name };
  const connection = { hubUrl, fetch: authorized(hubUrl, token, signal) };
  const url = `${hubUrl}/datasets/${request.name}`;
  try {
    const visibility = request.private ? 'private' : 'public';
    await createRepo({ repo, visibility, ...connection } as Parameters<typeof createRepo>[0]).catch((error) => {
      if (!(error instanceof HubApiError && error.statusCode === ALREADY_THERE)) throw error;
    });
    const names = (await readdir(folder)).filter((name) => !name.endsWith('.tmp')).sort();
    const files = await Promise.all(
      names.map(async (path) => ({ path, content: await openAsBlob(join(folder, path)) })),
    );
    const pushed = await uploadFiles({ repo, files, commitTitle: 'Critiques', useXet: false, ...connection });
    return { url, commit: pushed?.commit.oid ?? null };
  } catch (error) {
    signal?.throwIfAborted();
    throw explained(error, url, token);
  }
}

const ALREADY_THERE = 409;

/** Only the hub itself gets the token, no server that it sends us to. */
function authorized(hubUrl: string, token: string, signal: AbortSignal | undefined): typeof globalThis.fetch {
  const dispatcher = new EnvHttpProxyAgent();
  const { origin } = new URL(hubUrl);
  const hubFetch = (url: string | URL, init: { headers?: Record<string, string> } = {}) => {
    const headers = new Headers(init.headers);
    headers.delete('authorization');
    if (new URL(url).origin === origin) headers.set('authorization', `Bearer ${token}`);
    return fetch(url, { ...init, headers, dispatcher, ...(signal && { signal }) });
  };
  return hubFetch as unknown as typeof globalThis.fetch;
}

function explained(error: unknown, url: string, token: string): Failure {
  const message = (error instanceof Error ? error.message : String(error)).replaceAll(token, '[token]');
  const passing =
    error instanceof HubApiError ? error.statusCode >= 500 || PASSING.has(error.statusCode) : isNetwork(error);
  if (passing) return new Failure('HubUnavailable', `${url} does not take the push: ${message}`);
  return new Failure('InvalidInput', `${url} refuses the push: ${message}`);
}

const PASSING = new Set([408, 429]);

/** As fetch says it. */
const isNetwork = (error: unknown) => error instanceof TypeError && error.cause instanceof Error;
