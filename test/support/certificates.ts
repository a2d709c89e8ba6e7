import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';

const NEW_KEY = '-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256';

/** An authority of its own in a folder, made by openssl; its certificate is ca.pem. */
export class Authority {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    const request = `req -x509 -days 2 ${NEW_KEY} -subj /CN=${basename(folder)}`;
    openssl(folder, `${request} -keyout ca.key -out ca.pem`);
  }

  get certificate(): string {
    return join(this.#folder, 'ca.pem');
  }

  /** Paths of a certificate, NAME.pem, for these names, and of its key, NAME.key. */
  sign(name: string, alternatives = 'DNS:client'): { certificate: string; key: string } {
    const request = `req ${NEW_KEY} -subj /CN=${name} -addext subjectAltName=${alternatives}`;
    openssl(this.#folder, `${request} -keyout ${name}.key -out ${name}.csr`);
    const signing = 'x509 -req -days 2 -CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy';
    openssl(this.#folder, `${signing} -in ${name}.csr -out ${name}.pem`);
    return { certificate: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}.key`) };
  }
}

const openssl = (cwd: string, args: string) => execFileSync('openssl', args.split(' '), { cwd, stdio: 'ignore' });
