import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CustomObjectsApi,
  type KubernetesObject,
  KubernetesObjectApi,
  type V1CustomResourceDefinition,
  type V1CustomResourceDefinitionSpec,
} from '@kubernetes/client-node';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { Machine } from './machine.ts';
import { addressNetwork } from './network.ts';
import { startNode } from './node.ts';

/** A Kubernetes of one node, this machine: its real API server, controllers, scheduler and kubelet, with containerd. */
export interface Kubernetes extends ControlPlane {
  /** Of somebody who may do everything. */
  kubeconfig: string;
  /** Where its programs' files and logs are. */
  folder: string;
  /** Creates objects; kinds that they make known are served when it returns. */
  create(...objects: KubernetesObject[]): Promise<void>;
  /** Starts a program that speaks to it, and writes NAME.log in `folder`. */
  run(name: string, command: string, args: string[]): ChildProcess;
  /** Makes the images of an archive known to the node. */
  load(archive: string): Promise<void>;
}

let started: Promise<Kubernetes> | undefined;

/** The one of all tests, in namespaces of its own (main.mjs), whose end is also its end. */
export function kubernetes(): Promise<Kubernetes> {
  started ??= start(new Machine(process.env.KUBERNETES_FOLDER!));
  return started;
}

async function start(machine: Machine): Promise<Kubernetes> {
  await addressNetwork();
  const plane = await startControlPlane(machine);
  const load = await startNode(machine, plane.core);
  const objects = KubernetesObjectApi.makeApiClient(plane.config);
  const custom = plane.config.makeApiClient(CustomObjectsApi);
  return {
    ...plane,
    kubeconfig: machine.kubeconfig,
    folder: machine.folder,
    create: async (...created) => {
      for (const one of created) {
        await objects.create(one);
        if (one.kind === 'CustomResourceDefinition') await served(custom, (one as V1CustomResourceDefinition).spec);
      }
    },
    run: (...args) => machine.run(...args),
    load,
  };
}

/** A kind is served some time after it was made known. */
async function served(api: CustomObjectsApi, { group, versions, names }: V1CustomResourceDefinitionSpec) {
  const version = versions.find(({ served }) => served)!.name;
  const known = async () => (await api.getAPIResources({ group, version }).catch(() => null))?.resources ?? [];
  while (!(await known()).some(({ name }) => name === names.plural)) await sleep(200);
}
