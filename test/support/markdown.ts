import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

export const root: string = join(import.meta.dirname, '../..');

/** A Markdown file of the repository, by its path from the root. */
export interface Page {
  file: string;
  text: string;
}

export interface Table {
  /** Anchor of the heading that it stands under. */
  section: string;
  head: string[];
  rows: string[][];
}

const GENERATED = ['node_modules', 'dist', 'data'];

/** All Markdown files that are not generated. */
export function readPages(folder = root): Page[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') || GENERATED.includes(entry.name) ? [] : readPages(path);
    return entry.name.endsWith('.md') ? [{ file: relative(root, path), text: readFileSync(path, 'utf8') }] : [];
  });
}

/** Without the blocks of code. */
const prose = (text: string) => text.replace(/^ *```.*?^ *```/gms, '');

/** As GitHub makes it of a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

export const anchorsOf = ({ text }: Page): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!));

/** Where its links go, those to other sites left out. */
export const linksOf = ({ text }: Page): string[] =>
  [
    ...prose(text)
      .replaceAll(/`[^`\n]*`/g, '')
      .matchAll(/\]\(([^)\s]+)\)/g),
  ]
    .map(([, target]) => target!)
    .filter((target) => !/^https?:/.test(target));

/** A link as a file of the repository and an anchor in it, which is empty where there is none. */
export function locate({ file }: Pick<Page, 'file'>, link: string): { file: string; anchor: string } {
  const [path = '', anchor = ''] = link.split('#');
  return { file: path === '' ? file : join(dirname(file), path), anchor };
}

export function tablesOf({ text }: Page): Table[] {
  const tables: Table[] = [];
  let section = '';
  let open: Table | null = null;
  for (const line of prose(text).split('\n')) {
    const heading = /^#+ (.+)$/.exec(line);
    if (heading) section = anchorOf(heading[1]!);
    if (!line.startsWith('|')) {
      open = null;
      continue;
    }
    const cells = line
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim());
    if (open === null) {
      open = { section, head: cells, rows: [] };
      tables.push(open);
    } else if (!/^[-:]+$/.test(cells[0]!)) open.rows.push(cells);
  }
  return tables;
}

/** What stands in backquotes. */
export const codesIn = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code!);
