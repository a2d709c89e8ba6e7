import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import type { z } from 'zod';
import { FAILURES } from '../src/backends/failures.ts';
import { BuildCritiques } from '../src/config/build-critiques.ts';
import { Environment } from '../src/config/environment.ts';
import { Evaluate } from '../src/config/evaluate.ts';
import { FineTune } from '../src/config/fine-tune.ts';
import { parseInput } from '../src/config/parse.ts';
import { SelfImprove } from '../src/config/self-improve.ts';
import { SelfTalk } from '../src/config/self-talk.ts';
import { Study } from '../src/config/study.ts';
import { type Field, fieldsOf } from './support/fields.ts';
import { anchorsOf, codesIn, linksOf, locate, type Page, readPages, root, tablesOf } from './support/markdown.ts';

const pages = new Map(readPages().map((page) => [page.file, page]));
const page = (file: string): Page => pages.get(file)!;
const tableIn = (file: string, first: string) => tablesOf(page(file)).filter(({ head }) => head[0] === first);

const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join(root, 'src', name), 'utf8'));

describe('the fields of run files', () => {
  const INPUTS: [string, z.ZodType][] = [
    ['selfImprove', SelfImprove],
    ['evaluate', Evaluate],
    ['buildCritiques', BuildCritiques],
    ['fineTune', FineTune],
    ['selfTalk', SelfTalk],
    ['study', Study],
  ];

  test.each(INPUTS)('of %s are those of docs/runs.md, with their values and defaults', (workflow, schema) => {
    const { fields, kinds } = fieldsOf(schema);
    const told = documented('docs/runs.md', workflow.toLowerCase());
    const faults = [
      ...[...told.fields.keys()].filter((path) => !fields.has(path)).map((path) => `${path}: there is no such field`),
      ...[...fields].flatMap(([path, found]) => faultsOf(path, found, told.fields.get(path))),
      ...[...kinds].flatMap(([path, found]) => {
        const written = told.kinds.get(path) ?? [];
        // Others have a line of their own.
        const shared = new Set(written.flatMap(([, names]) => names));
        const expected = [...found].map(([name, all]) => [name, all.filter((field) => shared.has(field)).sort()]);
        return isDeepStrictEqual(new Map(expected as []), new Map(written)) ? [] : [{ path, expected, written }];
      }),
    ];
    expect(faults).toEqual([]);
  });

  interface Told {
    fields: Map<string, { values: string; byDefault: string }>;
    /** Of each kind of object, the fields, by the path at which it is expected. */
    kinds: Map<string, [string, string[]][]>;
  }

  /** What a section says, and what those say that it refers to. */
  function documented(file: string, section: string): Told {
    const here = tablesOf(page(file)).filter((table) => table.section === section);
    const told: Told = { fields: new Map(), kinds: new Map() };
    for (const { head, rows } of here) {
      if (head[0] === 'source')
        told.kinds.set(
          '',
          rows.map(([source, fields]) => [codesIn(source!)[0]!, codesIn(fields!).sort()]),
        );
      if (head[0] !== 'field') continue;
      for (const [field, values, byDefault] of rows) {
        const [path] = codesIn(field!);
        told.fields.set(path!, { values: values!, byDefault: byDefault! });
      }
    }
    expect(here, `${file}#${section}`).not.toEqual([]);
    const own = new Map(told.fields);
    for (const [path, { values }] of own) {
      const [link] = linksOf({ file, text: values });
      if (!link) continue;
      const { file: other, anchor } = locate({ file }, link);
      const inner = documented(other, anchor);
      const leftOut = codesIn(values);
      for (const [name, field] of inner.fields) {
        if (leftOut.includes(name.split('.')[0]!) || own.has(`${path}.${name}`)) continue;
        told.fields.set(`${path}.${name}`, field);
      }
      for (const [name, kinds] of inner.kinds) told.kinds.set(name === '' ? path : `${path}.${name}`, kinds);
    }
    return told;
  }

  function faultsOf(path: string, fields: Field[], told?: { values: string; byDefault: string }): string[] {
    if (!told) return fields.some((field) => field.told) ? [`${path}: is not documented`] : [];
    const values = [...new Set(fields.map((field) => field.values))];
    const [known] = values.length === 1 ? values : [null];
    const wrong = known && known !== told.values ? [`${path}: values are ${known}`] : [];
    const texts = [...new Set(fields.map(defaultOf))];
    const right = texts.every((text) =>
      text === null ? told.byDefault !== '' : says(told.byDefault, text, texts.length === 1),
    );
    const invented = !texts.includes('required') && told.byDefault.includes('required');
    return right && !invented ? wrong : [...wrong, `${path}: its default is ${texts}, not ${told.byDefault}`];
  }

  const defaultOf = (field: Field): string | null => {
    if (field.required) return 'required';
    if (field.default === undefined) return null;
    return typeof field.default === 'string' ? field.default : JSON.stringify(field.default);
  };

  const says = (cell: string, text: string, alone: boolean) =>
    alone ? cell === text || (cell !== '' && Number(cell) === Number(text)) : cell.includes(text);

  it('are right in the README, too', () => {
    const [, input] = /```json\n(.*?)```/s.exec(page('README.md').text)!;
    expect(parseInput(SelfImprove, JSON.parse(input!)).issues).toBeUndefined();
  });
});

test('the variables of docs/workers.md are those that the code reads, with their defaults', () => {
  const [table] = tableIn('docs/workers.md', 'variable');
  const told = new Map(
    table!.rows.flatMap(([names, , byDefault]) => codesIn(names!).map((name) => [name, byDefault!])),
  );
  const read = sources.flatMap((code) =>
    [...code.matchAll(/\b(CRITIQUE_LOOP_[A-Z_]+)|\benv\.([A-Z][A-Z0-9_]+)/g)].map(
      ([, ours, other]) => (ours ?? other)!,
    ),
  );
  const known = new Set(read);
  known.delete('PATH');
  expect([...known].filter((name) => !told.has(name) && !name.startsWith('AWS_'))).toEqual([]);
  expect([...told.keys()].filter((name) => name.startsWith('CRITIQUE_LOOP_') && !known.has(name))).toEqual([]);

  const defaults = Object.entries(Environment.parse({})).map(([name, value]) => [name, [value].flat().join(' ')]);
  expect(defaults.length).toBeGreaterThan(5);
  for (const [name, value] of defaults) if (value !== '') expect(codesIn(told.get(name!)!), name).toEqual([value]);
});

test('the failures of docs/troubleshooting.md are all that there are, those that end a run and those that are retried', () => {
  const types = tableIn('docs/troubleshooting.md', 'type').map(({ rows }) =>
    rows.map(([type]) => codesIn(type!)[0]!).sort(),
  );
  const all = Object.entries(FAILURES).map(([type, { retryable }]) => ({ type, retryable }));
  const those = (retryable: boolean) =>
    all
      .filter((one) => one.retryable === retryable)
      .map(({ type }) => type)
      .sort();
  expect(types).toEqual([those(false), those(true)]);
});

test('docs/README.md lists every page beside it', () => {
  const index = page('docs/README.md');
  const listed = linksOf(index).map((link) => locate(index, link).file);
  const beside = [...pages.keys()].filter((file) => /^docs\/[^/]+\.md$/.test(file) && file !== index.file);
  expect(beside.length).toBeGreaterThan(10);
  expect(beside.filter((file) => !listed.includes(file))).toEqual([]);
});

describe.each([...pages.values()])('$file', (one) => {
  it('has links that lead somewhere', () => {
    const broken = linksOf(one).filter((link) => {
      const { file, anchor } = locate(one, link);
      if (!existsSync(join(root, file))) return true;
      return anchor !== '' && !(pages.has(file) && anchorsOf(page(file)).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  it('names run files and commands that there are', () => {
    const files = [...one.text.matchAll(/(?<![\w/])runs\/[\w-]+\.json/g)].map(([file]) => file);
    expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect(wrongCommands(one.text)).toEqual([]);
  });

  const scripts: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts;
  const program = readFileSync(join(root, 'src/cli/program.ts'), 'utf8');
  /** The options of each command of the program. */
  const commands = new Map(
    program
      .split("\n  .command('")
      .slice(1)
      .map((part) => [
        /^[\w-]+/.exec(part)![0],
        [...part.matchAll(/ption\(\s*'(--[\w-]+)/g)].map(([, option]) => option!),
      ]),
  );

  /** Of npm, of critique-loop and of the benches. */
  function wrongCommands(text: string): string[] {
    const wrong: string[] = [];
    for (const [call, script, args] of text.matchAll(/npm run (?:-s )?([\w:-]+)((?: -- [^\n`|#]*)?)/g)) {
      const command = / dist\/cli\/main\.js ([\w-]+)/.exec(scripts[script!] ?? '')?.[1];
      const bench = script === 'bench' ? / -- (\w+)/.exec(args!)?.[1] : undefined;
      if (!scripts[script!] || (command && !hasOptions(command, args!.slice(3)))) wrong.push(call);
      if (bench && !existsSync(join(root, `test/bench/${bench}.ts`))) wrong.push(call);
    }
    const calls = /(?:npx critique-loop|dist\/cli\/main\.js|`critique-loop(?= [\w-]+ --)) ([a-z][\w-]*)([^\n`|#]*)/g;
    for (const [call, command, args] of text.matchAll(calls)) if (!hasOptions(command!, args!)) wrong.push(call);
    return wrong;
  }

  function hasOptions(command: string, args: string): boolean {
    const options = commands.get(command);
    // What follows is the Temporal CLI's.
    if (!options || command === 'temporal') return options !== undefined;
    return [...args.matchAll(/(?<= )--[\w-]+/g)].every(([option]) => options.includes(option));
  }
});
