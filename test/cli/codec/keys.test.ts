import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { addKey, readKeys } from '../../../src/cli/codec/keys.ts';
import { temporaryFolder } from '../../support/folder.ts';

const KEY = Buffer.alloc(32, 7).toString('base64');

async function fileWith(text: string, mode = 0o600): Promise<string> {
  const file = join(await temporaryFolder(), 'keys');
  await writeFile(file, text);
  await chmod(file, mode);
  return file;
}

describe('a file of keys', () => {
  it('is made for its owner alone, with one key', async () => {
    const file = join(await temporaryFolder(), 'keys');
    const id = await addKey(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readKeys(file)).toEqual([{ id, secret: expect.objectContaining({ length: 32 }) }]);
  });

  it('gets a new key on top, and keeps the others and what is written beside them', async () => {
    const file = await fileWith(`# of the team\nold ${KEY}\n`);
    const id = await addKey(file);
    expect((await readKeys(file)).map((key) => key.id)).toEqual([id, 'old']);
    expect(await readFile(file, 'utf8')).toContain('# of the team\n');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(file, '..'))).toEqual(['keys']);
  });

  it.runIf(process.getuid?.() === 0)(
    'of root may be read by the group, as a mounted Secret is, and by no one else',
    async () => {
      const getuid = vi.spyOn(process, 'getuid').mockReturnValue(1000);
      onTestFinished(() => getuid.mockRestore());
      expect(await readKeys(await fileWith(`old ${KEY}\n`, 0o440))).toHaveLength(1);
      for (const mode of [0o444, 0o460])
        await expect(readKeys(await fileWith(`old ${KEY}\n`, mode))).rejects.toThrow('chmod');
    },
  );

  it.each([0o644, 0o640, 0o604, 0o602])('is refused with mode %o, and says what to do', async (mode) => {
    const file = await fileWith(`old ${KEY}\n`, mode);
    await expect(readKeys(file)).rejects.toThrow(`chmod 600 ${file}`);
    await expect(addKey(file)).rejects.toThrow(`mode ${mode.toString(8)}`);
  });

  it.each([
    ['', 'has no key'],
    ['# nothing yet\n\n', 'has no key'],
    [`old ${KEY}\nnew\n`, 'line 2: expected an ID'],
    [`o/d ${KEY}\n`, 'line 1: expected an ID'],
    ['old c2hvcnQ=\n', 'line 1: expected 32 bytes in base64 as the key of "old"'],
    [`old ${KEY.slice(0, -1)}\n`, 'line 1: expected 32 bytes'],
    [`old ${KEY}\n\nold ${KEY}\n`, 'line 3: "old" is there twice'],
  ])('is refused with %j: %s', async (text, why) => {
    const refused = await readKeys(await fileWith(text)).catch((error: Error) => error);
    expect(refused).toMatchObject({ name: 'SetupError', message: expect.stringContaining(why) });
    expect((refused as Error).message).not.toContain(KEY.slice(0, 8));
  });

  it('that is not there says how to make it', async () => {
    const file = join(await temporaryFolder(), 'none');
    await expect(readKeys(file)).rejects.toThrow(/CRITIQUE_LOOP_CODEC_KEYS.*critique-loop codec-key/);
  });
});
