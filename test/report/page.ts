/** An element of a page, as far as the tests ask. */
export interface Element {
  tag: string;
  attributes: Record<string, string>;
  children: (Element | string)[];
}

const VOID = new Set(['meta', 'link']);

/** Reads a page strictly: every tag closed in order, every attribute quoted, no stray `<`. Throws where it is not so. */
export function parsePage(html: string): Element {
  const root: Element = { tag: 'page', attributes: {}, children: [] };
  const open = [root];
  const tags = /<(?:!doctype html|(\/?)([a-zA-Z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?))>|([^<]+)|(<)/gy;
  for (const [whole, closing, tag, attributes, empty, text, stray] of html.matchAll(tags)) {
    const top = open.at(-1)!;
    if (stray) throw new Error(`stray < in ${top.tag}: ${whole}`);
    if (text !== undefined) top.children.push(decode(text));
    else if (tag === undefined) continue;
    else if (closing) {
      if (top.tag !== tag) throw new Error(`</${tag}> closes <${top.tag}>`);
      open.pop();
    } else {
      const element: Element = { tag, attributes: readAttributes(attributes ?? ''), children: [] };
      top.children.push(element);
      if (!empty && !VOID.has(tag)) open.push(element);
    }
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)!.tag}> is never closed`);
  return root;
}

const readAttributes = (text: string) =>
  Object.fromEntries([...text.matchAll(/([\w:-]+)="([^"]*)"/g)].map(([, name, value]) => [name!, decode(value!)]));

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" };
const decode = (text: string) => text.replace(/&([\w#]+);/g, (_, name: string) => ENTITIES[name]!);

/** Every element below that `matches`, in order. */
export function all(element: Element, matches: (element: Element) => boolean): Element[] {
  return element.children.flatMap((child) =>
    typeof child === 'string' ? [] : [...(matches(child) ? [child] : []), ...all(child, matches)],
  );
}

export const byTag = (element: Element, tag: string) => all(element, (it) => it.tag === tag);

export const byClass = (element: Element, name: string) =>
  all(element, (it) => (it.attributes.class ?? '').split(' ').includes(name));

export const section = (page: Element, id: string) => all(page, (it) => it.attributes.id === id)[0];

export const textOf = (element: Element): string =>
  element.children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');

/** The cells of a table, row by row, by the caption it has. */
export function tableOf(page: Element, caption: string): string[][] {
  const table = byTag(page, 'table').find((it) => byTag(it, 'caption').some((found) => textOf(found) === caption));
  if (!table) throw new Error(`no table ${caption}`);
  return byTag(table, 'tr').map((row) =>
    all(row, ({ tag }) => tag === 'th' || tag === 'td').map((cell) => textOf(cell).replaceAll('\u00A0', ' ')),
  );
}
