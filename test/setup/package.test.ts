import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Locked {
  version?: string;
  resolved?: string;
  optionalDependencies?: Record<string, string>;
}

const read = (name: string) => JSON.parse(readFileSync(join(import.meta.dirname, '../..', name), 'utf8'));
const locked: Record<string, Locked> = read('package-lock.json').packages;

it('locks every optional package, of other platforms too, without which `npm ci` refuses the file', () => {
  const absent = Object.values(locked).flatMap(({ optionalDependencies = {} }) =>
    Object.keys(optionalDependencies).filter((name) => !(`node_modules/${name}` in locked)),
  );
  expect(absent).toEqual([]);
});

it('names no registry host', () => {
  expect(Object.values(locked).filter(({ resolved }) => resolved !== undefined)).toEqual([]);
});

it('has one protobufjs of version 8, without which replay fails, and the other one only under grpc and the exporter of traces', () => {
  const copies = Object.entries(locked).filter(([path]) => path.endsWith('node_modules/protobufjs'));
  expect(copies.map(([path, { version }]) => `${path} ${version?.split('.')[0]}`).sort()).toEqual([
    'node_modules/@grpc/proto-loader/node_modules/protobufjs 7',
    'node_modules/@opentelemetry/otlp-transformer/node_modules/protobufjs 7',
    'node_modules/protobufjs 8',
  ]);
});

it('pins every version exactly', () => {
  const { dependencies, devDependencies } = read('package.json');
  for (const version of Object.values({ ...dependencies, ...devDependencies }))
    expect(version).toMatch(/^\d+\.\d+\.\d+$/);
});
