interface Json {
  [member: string]: unknown;
}

/**
 * Expands the defaults of a decK file: `_info.defaults` for members that an upstream, service or route does not set, and the
 * `_plugin_configs` that a plugin refers to by `_config`. Errors are left to the validation that follows: an unknown `_config`
 * stays in place, and the validation refuses the member.
 */
export function fillIn(document: unknown): unknown {
  const file = toJson(document);
  const defaults = toJson(toJson(file._info).defaults);
  const configs = toJson(file._plugin_configs);
  const plugin = (given: unknown) => {
    const { _config: name, ...own } = toJson(given);
    const config = configs[String(name)];
    return config === undefined ? given : { ...own, config: filled(own.config, config) };
  };
  const route = (given: unknown) => each(filled(given, defaults.route), { plugins: plugin });
  const service = (given: unknown) => each(filled(given, defaults.service), { routes: route, plugins: plugin });
  const upstream = (given: unknown) => filled(given, defaults.upstream);
  return each(document, { upstreams: upstream, services: service, routes: route, plugins: plugin });
}

/** `given` with missing members taken from `fallback`, recursively. */
function filled(given: unknown, fallback: unknown): unknown {
  if (given === undefined) return fallback;
  if (!isJson(given) || !isJson(fallback)) return given;
  const names = new Set([...Object.keys(given), ...Object.keys(fallback)]);
  return Object.fromEntries([...names].map((name) => [name, filled(given[name], fallback[name])]));
}

/** A copy with the elements of these lists changed. */
function each(given: unknown, changes: Record<string, (element: unknown) => unknown>): unknown {
  if (!isJson(given)) return given;
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => {
      const change = changes[name];
      return [name, change && Array.isArray(value) ? value.map(change) : value];
    }),
  );
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toJson(value: unknown): Json {
  return isJson(value) ? value : {};
}
