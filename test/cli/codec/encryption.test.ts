import { createCipheriv, randomBytes } from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import proto from '@temporalio/proto';
import { describe, expect, it } from 'vitest';
import { Encryption } from '../../../src/cli/codec/encryption.ts';
import { addKey, readKeys } from '../../../src/cli/codec/keys.ts';
import { temporaryFolder } from '../../support/folder.ts';

const payload = (value: unknown): Payload => defaultPayloadConverter.toPayload(value)!;
const read = (payload: Payload): unknown => defaultPayloadConverter.fromPayload(payload);
const metadata = (payload: Payload, name: string) => Buffer.from(payload.metadata![name]!).toString();

const keyFile = async () => join(await temporaryFolder(), 'keys');

async function oneKey() {
  const file = await keyFile();
  const id = await addKey(file);
  return { file, id, codec: await Encryption.open(file) };
}

describe('what is encrypted', () => {
  it('comes back as it was, whatever it was', async () => {
    const { codec } = await oneKey();
    const values = ['a secret', '', null, { deep: [1, 2.5, 'ä'] }, new Uint8Array([0, 255]), 'x'.repeat(1_000_000)];
    const sealed = await codec.encode(values.map(payload));
    expect((await codec.decode(sealed)).map(read)).toEqual(values);
  });

  it('shows nothing but the name of the key, and is never the same twice', async () => {
    const { codec, id } = await oneKey();
    const [one, other] = await codec.encode([payload('a secret'), payload('a secret')]);
    expect(Object.keys(one!.metadata!)).toEqual(['encoding', 'encryption-key-id']);
    expect(metadata(one!, 'encoding')).toBe('binary/encrypted');
    expect(metadata(one!, 'encryption-key-id')).toBe(id);
    expect(Buffer.from(one!.data!).includes('secret')).toBe(false);
    expect(Buffer.from(one!.data!).equals(Buffer.from(other!.data!))).toBe(false);
  });

  it.each([0, 11, 12, 40, -1])('is not read when its byte %i is changed', async (at) => {
    const { codec, id } = await oneKey();
    const [sealed] = await codec.encode([payload('a secret, and some more')]);
    const data = Buffer.from(sealed!.data!);
    data[at < 0 ? data.length + at : at]! ^= 1;
    await expect(codec.decode([{ ...sealed!, data }])).rejects.toThrow(`"${id}"`);
  });

  it.each([0, 5, 20])('is not read when %i bytes are all that is left', async (length) => {
    const { codec, id } = await oneKey();
    const [sealed] = await codec.encode([payload('a secret')]);
    await expect(codec.decode([{ ...sealed!, data: sealed!.data!.slice(0, length) }])).rejects.toThrow(`"${id}"`);
  });

  it("is read in the form of Temporal's samples: nonce, ciphertext, tag", async () => {
    const { codec, file, id } = await oneKey();
    const { secret } = (await readKeys(file))[0]!;
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', secret, nonce);
    const plain = proto.temporal.api.common.v1.Payload.encode(payload('of another SDK')).finish();
    const data = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
    const theirs = {
      metadata: { encoding: Buffer.from('binary/encrypted'), 'encryption-key-id': Buffer.from(id) },
      data,
    };
    expect((await codec.decode([theirs])).map(read)).toEqual(['of another SDK']);
  });
});

describe('keys', () => {
  it('without any, everything stays as it is, and what others encrypted is refused by the name of its key', async () => {
    const { codec, id } = await oneKey();
    const none = await Encryption.open(undefined);
    const plain = [payload('clear')];
    expect(none.on).toBe(false);
    expect(await none.encode(plain)).toBe(plain);
    expect(await none.decode(plain)).toEqual(plain);
    await expect(none.decode(await codec.encode(plain))).rejects.toThrow(
      `encrypted under the key "${id}": CRITIQUE_LOOP_CODEC_KEYS is not set here`,
    );
  });

  it('what is not encrypted passes', async () => {
    const { codec } = await oneKey();
    expect((await codec.decode([payload('clear')])).map(read)).toEqual(['clear']);
  });

  it('rotate: older ones decrypt, the one on top encrypts, also for who runs already', async () => {
    const { codec, file, id } = await oneKey();
    const [old] = await codec.encode([payload('old')]);
    const next = await addKey(file);
    const restarted = await Encryption.open(file);
    const [recent] = await restarted.encode([payload('new')]);
    expect(metadata(recent!, 'encryption-key-id')).toBe(next);
    expect((await restarted.decode([old!, recent!])).map(read)).toEqual(['old', 'new']);

    expect(metadata((await codec.encode([payload('')]))[0]!, 'encryption-key-id')).toBe(id);
    expect((await codec.decode([recent!])).map(read)).toEqual(['new']);
    expect(metadata((await codec.encode([payload('')]))[0]!, 'encryption-key-id')).toBe(next);
  });

  it('one that is missing is named, and so is the file; put there it is found', async () => {
    const [one, other] = [await oneKey(), await oneKey()];
    const sealed = await one.codec.encode([payload('a secret')]);
    await expect(other.codec.decode(sealed)).rejects.toThrow(
      `encrypted under the key "${one.id}": it is not in ${other.file}`,
    );
    const [key] = await readKeys(one.file);
    await writeFile(other.file, `${key!.id} ${key!.secret.toString('base64')}\n`);
    await chmod(other.file, 0o600);
    expect((await other.codec.decode(sealed)).map(read)).toEqual(['a secret']);
  });

  it('another one under the same name is told from a missing one', async () => {
    const { codec, id } = await oneKey();
    const file = await keyFile();
    await writeFile(file, `${id} ${randomBytes(32).toString('base64')}\n`, { mode: 0o600 });
    const other = await Encryption.open(file);
    await expect(other.decode(await codec.encode([payload('a secret')]))).rejects.toThrow(
      `a key "${id}" that is not the one of that name here`,
    );
  });
});
