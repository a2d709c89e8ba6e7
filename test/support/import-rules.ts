import { dirname, posix } from 'node:path';
import { parseAst } from 'vitest/node';

interface Import {
  from: string;
  typeOnly: boolean;
}

interface Room {
  values: readonly string[];
  types: readonly string[];
  /** Packages and node builtins; absent means any that package.json depends on. */
  packages?: readonly string[];
}

const room = (values: readonly string[], types: readonly string[] = [], packages?: readonly string[]): Room => ({
  values,
  types: [...values, ...types],
  ...(packages ? { packages } : {}),
});

const ALL = ['method', 'config', 'backends', 'activities', 'workflows', 'report', 'workers', 'cli'];

/** Who may import whom, besides itself (design.md 5). */
const ROOMS: Record<string, Room> = {
  method: room([], [], ['decimal.js']),
  config: room(['method']),
  backends: room(['method', 'config']),
  report: room(['method']),
  activities: room(['method', 'config', 'backends', 'report']),
  workflows: room(['method'], ['activities', 'config'], ['@temporalio/workflow', '@temporalio/common']),
  workers: room(ALL),
  cli: room(ALL),
};

export interface Source {
  /** `src/method/rows.ts` */
  file: string;
  code: string;
}

/** Every import and re-export of a TypeScript module, dynamic ones and import types included. */
export function importsOf(code: string): Import[] {
  const found: Import[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) for (const each of node) visit(each);
    else if (typeof node === 'object' && node !== null && 'type' in node) {
      const { type, source, importKind, exportKind } = node as Record<string, unknown>;
      const from = (source as { value?: unknown } | null | undefined)?.value;
      const isImport = /^(Import|ExportAll|ExportNamed)(Declaration|Expression)$|^TSImportType$/.test(String(type));
      if (isImport && typeof from === 'string') {
        found.push({ from, typeOnly: type === 'TSImportType' || importKind === 'type' || exportKind === 'type' });
      }
      for (const child of Object.values(node)) visit(child);
    }
  };
  visit(parseAst(code, { lang: 'ts' }).body);
  return found;
}

/** One line for each import that breaks a rule. `dependencies` are the packages that users get. */
export function brokenRules(sources: readonly Source[], dependencies: readonly string[]): string[] {
  const files = new Set(sources.map(({ file }) => file));
  return sources.flatMap(({ file, code }) =>
    importsOf(code).flatMap((imported) => {
      const fault = imported.from.startsWith('.')
        ? relativeFault(file, imported, files)
        : packageFault(file, imported, dependencies);
      return fault ? [`${file}: ${fault}`] : [];
    }),
  );
}

const roomOf = (file: string) => file.split('/')[1] ?? '';

function relativeFault(file: string, { from, typeOnly }: Import, files: ReadonlySet<string>): string | null {
  const target = posix.join(dirname(file), from);
  if (!files.has(target)) return `imports ${from}, which is no file of src`;
  const [own, other] = [roomOf(file), roomOf(target)];
  if (own === other) return null;
  const rules = ROOMS[own];
  if (!rules) return `is in no room of design.md 5`;
  if (rules.values.includes(other) || (typeOnly && rules.types.includes(other))) return null;
  return `${own} may not import ${rules.types.includes(other) ? 'values of' : 'from'} ${other} (${from})`;
}

function packageFault(file: string, { from, typeOnly }: Import, dependencies: readonly string[]): string | null {
  const name = from
    .split('/')
    .slice(0, from.startsWith('@') ? 2 : 1)
    .join('/');
  const own = roomOf(file);
  if (name === 'zod' && own !== 'config') return 'only config may import zod';
  const allowed = ROOMS[own]?.packages;
  if (allowed && !typeOnly && !allowed.includes(name)) return `${own} may not import ${from}`;
  return from.startsWith('node:') || dependencies.includes(name) ? null : `${name} is not among the dependencies`;
}
