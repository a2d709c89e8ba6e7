import type { NativeConnection } from '@temporalio/worker';

const NAMES = ['CritiqueLoopModel', 'CritiqueLoopDataset', 'CritiqueLoopIteration', 'CritiqueLoopAccuracy'];

/** Whether the namespace knows all of ours; a workflow that sets an unknown one would wait for ever. */
export async function hasSearchAttributes(connection: NativeConnection, namespace: string): Promise<boolean> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  return NAMES.every((name) => name in customAttributes);
}
