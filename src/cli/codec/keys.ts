import { randomBytes, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { SetupError } from '../setup/setup-error.ts';

export interface Key {
  /** Stands in clear text beside everything that the key encrypts. */
  id: string;
  /** 32 bytes. */
  secret: Buffer;
}

const BYTES = 32;
const LINE = /^([A-Za-z0-9._-]{1,64})\s+(\S+)$/;

/**
 * Keys of payload encryption: a line `ID BASE64` for each, the first of which encrypts; all decrypt. Empty lines and those
 * that begin with # are skipped.
 *
 * @throws SetupError that names the file and the line, and never a key
 */
export async function readKeys(file: string): Promise<Key[]> {
  const { mode, uid } = await stat(file).catch((error: Error) => {
    throw new SetupError(`CRITIQUE_LOOP_CODEC_KEYS: ${error.message}; "critique-loop codec-key ${file}" makes one`);
  });
  // As PostgreSQL has it: what belongs to root reaches us by our group, a mounted Secret for instance.
  const forbidden = uid === 0 && process.getuid?.() !== 0 ? 0o037 : 0o077;
  if ((mode & forbidden) !== 0)
    throw new SetupError(
      `CRITIQUE_LOOP_CODEC_KEYS: ${file} has mode ${(mode & 0o777).toString(8)}, expected that only its owner can read it: chmod 600 ${file}`,
    );
  const keys = parse(await readFile(file, 'utf8'), file);
  if (keys.length === 0) throw new SetupError(`CRITIQUE_LOOP_CODEC_KEYS: ${file} has no key`);
  return keys;
}

function parse(text: string, file: string): Key[] {
  const keys: Key[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(#|$)/.test(line)) continue;
    const wrong = (what: string) => new SetupError(`CRITIQUE_LOOP_CODEC_KEYS: ${file}, line ${index + 1}: ${what}`);
    const [, id, text] = LINE.exec(line.trim()) ?? [];
    if (id === undefined || text === undefined)
      throw wrong('expected an ID (letters, digits, ".", "_", "-"), a space, and a key in base64');
    const secret = Buffer.from(text, 'base64');
    if (secret.length !== BYTES || secret.toString('base64') !== text)
      throw wrong(`expected ${BYTES} bytes in base64 as the key of "${id}"`);
    if (keys.some((key) => key.id === id)) throw wrong(`"${id}" is there twice`);
    keys.push({ id, secret });
  }
  return keys;
}

/**
 * Puts a new key on top of the file, which it makes where there is none.
 * @returns the new key's ID
 * @throws SetupError where the file is there and wrong
 */
export async function addKey(path: string): Promise<string> {
  const file = resolve(path);
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  if (exists) await readKeys(file);
  const before = exists ? await readFile(file, 'utf8') : '';
  const id = `${new Date().toISOString().slice(0, 10)}-${randomBytes(3).toString('hex')}`;
  const draft = `${file}.${randomUUID()}`;
  try {
    // Whoever reads it meanwhile finds all of the old file or all of the new one.
    const handle = await open(draft, 'wx', 0o600);
    await handle.writeFile(`${id} ${randomBytes(BYTES).toString('base64')}\n${before}`);
    await handle.sync();
    await handle.close();
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw new SetupError(`${file} can't be written: ${(error as Error).message}`);
  }
  return id;
}
