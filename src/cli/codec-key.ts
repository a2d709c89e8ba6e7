import { addKey } from './codec/keys.ts';

/** Makes the first key of a file, or a new one that encrypts from here on. */
export async function codecKey(file: string): Promise<void> {
  const id = await addKey(file);
  process.stdout.write(
    `${file}: "${id}" encrypts from now on; keep the older keys as long as runs under them are read\n`,
  );
}
