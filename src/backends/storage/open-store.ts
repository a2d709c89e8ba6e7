import { isBucket } from '../../config/environment.ts';
import { FolderStore, type Store } from './store.ts';

/** @param store a folder or `s3://bucket/prefix` @param cache folder on this machine for files out of a bucket */
export async function openStore({ store, cache }: { store: string; cache: string }): Promise<Store> {
  if (!isBucket(store)) return new FolderStore(store);
  const { S3Store } = await import('./s3-store.ts');
  return new S3Store(store, cache);
}
