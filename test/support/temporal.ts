import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import { inject } from 'vitest';
import './setup.ts';

/** The server that all live tests share; tell runs apart by their ids and task queues. */
export const temporalAddress: string = inject('temporalAddress');

/** The `temporal` program, for tests that do what a user does. */
export const temporalCli: string = inject('temporalCli');

/** An interpreter with the packages of deploy/trainer/requirements.txt. */
export const python: string = inject('python');

export const connectClient = async (): Promise<Client> =>
  new Client({ connection: await Connection.connect({ address: temporalAddress }) });

export const connectWorker = (): Promise<NativeConnection> => NativeConnection.connect({ address: temporalAddress });
