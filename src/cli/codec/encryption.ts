import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import { SetupError } from '../setup/setup-error.ts';
import { type Key, readKeys } from './keys.ts';

const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

const CIPHER = 'aes-256-gcm';
const NONCE = 12;
const TAG = 16;
const ENCODING = 'binary/encrypted';
const KEY_ID = 'encryption-key-id';

/**
 * Encrypts what goes to Temporal's server with AES-256-GCM, in the form of Temporal's samples: nonce, ciphertext and tag, with the
 * key's ID in the metadata. Without a file it leaves everything as it is, and says which key is missing where it meets
 * what another encrypted. What is not encrypted passes: runs from before go on.
 */
export class Encryption implements PayloadCodec {
  readonly #file: string | undefined;
  #keys: Key[];

  private constructor(file: string | undefined, keys: Key[]) {
    this.#file = file;
    this.#keys = keys;
  }

  /** @param file of the keys; absent: no encryption @throws SetupError where it can't be used */
  static async open(file: string | undefined): Promise<Encryption> {
    return new Encryption(file, file === undefined ? [] : await readKeys(file));
  }

  get on(): boolean {
    return this.#file !== undefined;
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    const [key] = this.#keys;
    return key === undefined ? payloads : payloads.map((payload) => encrypt(payload, key));
  }

  /** @throws SetupError that names the missing key, or the key under which the payload does not open */
  async decode(payloads: Payload[]): Promise<Payload[]> {
    return await Promise.all(
      payloads.map(async (payload) => {
        if (text(payload.metadata?.encoding) !== ENCODING) return payload;
        return decrypt(payload, await this.#key(text(payload.metadata?.[KEY_ID])));
      }),
    );
  }

  /** A key that is not known may have been added since: then the new one on top encrypts from here on, too. */
  async #key(id: string): Promise<Key> {
    const find = () => this.#keys.find((key) => key.id === id);
    if (!find() && this.#file !== undefined) this.#keys = await readKeys(this.#file);
    const key = find();
    if (key) return key;
    const where = this.#file === undefined ? 'CRITIQUE_LOOP_CODEC_KEYS is not set here' : `it is not in ${this.#file}`;
    throw new SetupError(`encrypted under the key "${id}": ${where}`);
  }
}

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString();

function encrypt(payload: Payload, { id, secret }: Key): Payload {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv(CIPHER, secret, nonce);
  const data = [nonce, cipher.update(PayloadMessage.encode(payload).finish()), cipher.final(), cipher.getAuthTag()];
  return { metadata: { encoding: Buffer.from(ENCODING), [KEY_ID]: Buffer.from(id) }, data: Buffer.concat(data) };
}

function decrypt({ data }: Payload, { id, secret }: Key): Payload {
  const sealed = data ?? new Uint8Array();
  try {
    const decipher = createDecipheriv(CIPHER, secret, sealed.subarray(0, NONCE), { authTagLength: TAG });
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG));
    const opened = [decipher.update(sealed.subarray(NONCE, sealed.length - TAG)), decipher.final()];
    return PayloadMessage.decode(Buffer.concat(opened));
  } catch {
    throw new SetupError(
      `encrypted under a key "${id}" that is not the one of that name here, or changed since it was encrypted`,
    );
  }
}
