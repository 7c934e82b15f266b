/** The part of JSON Schema that the schemas of this project use. */
export interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  pattern?: string;
  minimum?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean;
  items?: Schema;
  $ref?: string;
  $defs?: Record<string, Schema>;
}

function typesOf(value: unknown): string[] {
  if (value === null) return ['null'];
  if (Array.isArray(value)) return ['array'];
  return Number.isInteger(value) ? ['integer', 'number'] : [typeof value];
}

/** What is wrong with a value, by path. */
export function violations(value: unknown, rule: Schema, root: Schema = rule, path = '$'): string[] {
  if (rule.$ref !== undefined) {
    const target = root.$defs?.[rule.$ref.split('/').at(-1) ?? ''];
    return target === undefined ? [`${path}: no ${rule.$ref}`] : violations(value, target, root, path);
  }
  const wrong: string[] = [];
  const types = typesOf(value);
  if (rule.type !== undefined && ![rule.type].flat().some((type) => types.includes(type)))
    return [`${path}: is ${types.join()}`];
  if (rule.enum !== undefined && !rule.enum.includes(value)) wrong.push(`${path}: ${String(value)}`);
  if (rule.const !== undefined && rule.const !== value) wrong.push(`${path}: ${String(value)}`);
  if (rule.pattern !== undefined && !new RegExp(rule.pattern).test(String(value)))
    wrong.push(`${path}: ${String(value)}`);
  if (rule.minimum !== undefined && Number(value) < rule.minimum) wrong.push(`${path}: ${String(value)}`);
  if (rule.items !== undefined) {
    for (const [i, item] of (value as unknown[]).entries())
      wrong.push(...violations(item, rule.items, root, `${path}[${i}]`));
  }
  if (rule.properties === undefined) return wrong;
  const object = value as Record<string, unknown>;
  for (const key of rule.required ?? []) if (!(key in object)) wrong.push(`${path}: no ${key}`);
  for (const [key, item] of Object.entries(object)) {
    const known = rule.properties[key];
    if (known !== undefined) wrong.push(...violations(item, known, root, `${path}.${key}`));
    else if (rule.additionalProperties === false) wrong.push(`${path}: unknown ${key}`);
  }
  return wrong;
}
