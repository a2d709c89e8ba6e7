import { z } from 'zod';

/** One field of an input, where it may stand. */
export interface Field {
  required: boolean;
  default?: unknown;
  /** What it may be, as the documentation writes it; null where words say more. */
  values: string | null;
  /** Whether null is a value of its own, or there are no fields inside it. */
  told: boolean;
}

export interface Fields {
  /** By their paths: several where one of several kinds of object is expected. */
  fields: Map<string, Field[]>;
  /** Of those objects, the fields of each kind, by path and `source`. */
  kinds: Map<string, Map<string, string[]>>;
}

interface Json {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  properties?: Record<string, Json>;
  required?: string[];
  items?: Json;
  anyOf?: Json[];
  oneOf?: Json[];
}

/** Every field of an input, to the last one inside another. */
export function fieldsOf(schema: z.ZodType): Fields {
  const found: Fields = { fields: new Map(), kinds: new Map() };
  addFields(found, '', z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Json);
  return found;
}

function addFields(found: Fields, path: string, json: Json): void {
  const branches = [...(json.anyOf ?? []), ...(json.oneOf ?? [])];
  for (const branch of branches) {
    if (branch.properties?.source) addKind(found, path, branch.properties);
    addFields(found, path, branch);
  }
  if (json.items) addFields(found, path, json.items);
  for (const [name, field] of Object.entries(json.properties ?? {})) {
    const inner = path === '' ? name : `${path}.${name}`;
    // Whoever names the kinds names this.
    if (name === 'source') continue;
    const nullable = [...(field.anyOf ?? [])].some(({ type }) => type === 'null');
    const one: Field = {
      required: json.required?.includes(name) ?? false,
      default: field.default,
      values: valuesOf(field),
      told: nullable || !hasFields(field),
    };
    found.fields.set(inner, [...(found.fields.get(inner) ?? []), one]);
    addFields(found, inner, field);
  }
}

function addKind(found: Fields, path: string, properties: Record<string, Json>): void {
  const kinds = found.kinds.get(path) ?? new Map<string, string[]>();
  found.kinds.set(path, kinds);
  const { source, ...inside } = properties;
  kinds.set(String(source!.const ?? source!.enum![0]), Object.keys(inside));
}

const hasFields = (json: Json): boolean =>
  json.properties !== undefined ||
  [json.items, ...(json.anyOf ?? []), ...(json.oneOf ?? [])].some((one) => one && hasFields(one));

function valuesOf(json: Json): string | null {
  const [only, ...others] = (json.anyOf ?? []).filter(({ type }) => type !== 'null');
  if (only) {
    const values = others.length === 0 ? valuesOf(only) : null;
    return values && `${values}, null`;
  }
  if (json.type === 'boolean') return 'true, false';
  if (json.type === 'array') {
    const values = json.items ? valuesOf(json.items) : null;
    return values && `list of ${values}`;
  }
  const names = json.enum ?? (json.const === undefined ? null : [json.const]);
  if (names) return names.map((name) => `\`${name}\``).join(', ');
  if (json.type === 'integer') return `whole, ${rangeOf(json)}`;
  return json.type === 'number' ? rangeOf(json) : null;
}

function rangeOf({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: Json): string {
  const most = exclusiveMaximum ?? maximum;
  const open = most === undefined || most === Number.MAX_SAFE_INTEGER;
  const to = exclusiveMaximum === undefined ? `to ${most}` : `to below ${most}`;
  if (exclusiveMinimum !== undefined) return open ? `above ${exclusiveMinimum}` : `above ${exclusiveMinimum}, ${to}`;
  return open ? `${minimum} or more` : `${minimum} ${to}`;
}
