import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError } from '@temporalio/client';
import { SearchAttributeType } from '@temporalio/common';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes.js';
import type { NativeConnection } from '@temporalio/worker';
import { SEARCH_ATTRIBUTES } from '../../workflows/search-attributes.ts';
import type { Connected } from '../connect.ts';
import type { Log } from './progress.ts';
import { SetupError } from './setup-error.ts';

export interface NamespaceOptions {
  connection: NativeConnection;
  namespace: string;
  /** How long closed runs are kept, in days, where the namespace is new. */
  retentionDays: number;
  log: Log;
}

const DAY_S = 24 * 60 * 60;
/** The hosts of a cluster look for new namespaces and attributes every few seconds. */
const SEEN_WITHIN_MS = 120_000;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

/**
 * Registers a namespace where it is absent, and those of our search attributes that it does not know; waits until the
 * server shows them. What is there stays as it is.
 *
 * @throws SetupError where an attribute has another type, or the server refuses.
 */
export async function setUpNamespace({ connection, namespace, retentionDays, log }: NamespaceOptions): Promise<void> {
  try {
    await register(connection, namespace, retentionDays, log);
    await addSearchAttributes(connection, namespace, log);
  } catch (error) {
    if (!isGrpcServiceError(error)) throw error;
    throw new SetupError(
      `the server refuses to set up namespace ${namespace}: ${error.details} (gRPC code ${error.code}).` +
        ' Temporal Cloud does this by its own means only: docs/temporal-cluster.md has them',
    );
  }
}

/** @throws SetupError where Temporal has no namespace of that name; whoever may not ask finds out by working in it. */
export async function expectNamespace({ connection, address, namespace }: Connected): Promise<void> {
  await connection.workflowService.describeNamespace({ namespace }).catch((error) => {
    if (!isGrpcServiceError(error) || error.code !== NOT_FOUND) return;
    throw new SetupError(
      `${address} has no namespace ${namespace}: "npx critique-loop setup-namespace" registers it; TEMPORAL_NAMESPACE, or the profile's namespace, names another`,
    );
  });
}

async function register({ workflowService }: NativeConnection, namespace: string, days: number, log: Log) {
  const found = await workflowService.describeNamespace({ namespace }).catch(unless(NOT_FOUND));
  if (found) {
    const kept = Number(found.config?.workflowExecutionRetentionTtl?.seconds ?? 0) / DAY_S;
    const change = `temporal operator namespace update --namespace ${namespace} --retention ${days}d`;
    const notAsAsked = kept === days ? '' : `; for ${days} days: ${change}`;
    return log(`namespace ${namespace} is there, and keeps closed runs for ${kept} days${notAsAsked}`);
  }
  await workflowService
    .registerNamespace({ namespace, workflowExecutionRetentionPeriod: { seconds: days * DAY_S } as never })
    .catch(unless(ALREADY_EXISTS));
  log(`namespace ${namespace} registered; it keeps closed runs for ${days} days`);
}

async function addSearchAttributes({ operatorService }: NativeConnection, namespace: string, log: Log) {
  const list = async () => (await operatorService.listSearchAttributes({ namespace })).customAttributes;
  const known = await seen(`namespace ${namespace}`, () => list().catch(unless(NOT_FOUND)));
  for (const { name, type } of SEARCH_ATTRIBUTES) {
    const found = known[name];
    if (found !== undefined && found !== encodeSearchAttributeIndexedValueType(type))
      throw new SetupError(
        `search attribute ${name} of namespace ${namespace} is of type ${nameOf(found)}, and must be ${type}: remove it` +
          ` (temporal operator search-attribute remove --namespace ${namespace} --name ${name}), or take another namespace`,
      );
  }
  const missing = SEARCH_ATTRIBUTES.filter(({ name }) => !(name in known));
  if (missing.length === 0) return log('search attributes are there');
  await operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(
      missing.map(({ name, type }) => [name, encodeSearchAttributeIndexedValueType(type)!]),
    ),
  });
  await seen('search attributes', async () => {
    const now = await list();
    return missing.every(({ name }) => name in now);
  });
  log(`search attributes registered: ${missing.map(({ name, type }) => `${name} (${type})`).join(', ')}`);
}

const nameOf = (value: number) =>
  Object.values(SearchAttributeType).find((type) => encodeSearchAttributeIndexedValueType(type) === value) ?? value;

const unless =
  (code: number) =>
  (error: unknown): null => {
    if (isGrpcServiceError(error) && error.code === code) return null;
    throw error;
  };

async function seen<T>(what: string, look: () => Promise<T | null | false>): Promise<T> {
  const until = Date.now() + SEEN_WITHIN_MS;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > until)
      throw new SetupError(`${what}: registered, but the server does not show it after ${SEEN_WITHIN_MS / 1000} s`);
    await sleep(500);
  }
}
