import { type Bindings, type ChildLoggerOptions, type Logger, pino } from 'pino';

/**
 * Names of the fields that every line promises, apart from its message. `__proto__` is among them because assigning it to an
 * object makes no field.
 */
const promised: ReadonlySet<string> = new Set([
  ...['level', 'timestamp', 'service', 'service.instance.id', 'log.seq', 'trace_id', 'span_id'],
  '__proto__',
]);

/** Prefix of a field whose name is taken; the collector uses it too. */
const prefix = 'line.';

type Fields = Readonly<Record<string, unknown>>;
type Format = (fields: object) => object;

/** Names that are taken. A copied set would cost more than the child logger of a request. */
interface Taken {
  has(name: string): boolean;
}

/** What is known of a logger. */
interface Names {
  /** Names that fields of its lines cannot have. */
  readonly taken: Taken;
  /** A formatter of the fields of its lines. */
  readonly format?: Format | undefined;
}

/** Gives each field of a line a name of its own. */
export interface FieldNames {
  /** Watches the bindings of a logger and of its children. */
  watch(logger: Logger): void;
  /**
   * The fields of a line: those of `first`, and those of the caller.
   *
   * @param first is changed
   */
  merge(logger: object, first: object, fields: object): object;
}

/**
 * Makes the keeper of the names of fields, so that no key stands twice in a line: readers of JSON take the last of two, and the
 * line would seem to come from another process, time or trace.
 *
 * The name belongs to whoever comes first: the fields that each line promises, then those of the logger, of its child, and of
 * the line. A later field keeps its value under another name, as in `line.service`.
 */
export function createFieldNames(): FieldNames {
  const namesOf = new WeakMap<object, Names>();
  const find = (logger: object): Names => namesOf.get(logger) ?? { taken: promised };

  function bind(logger: object, bindings: Bindings, options: ChildLoggerOptions = {}) {
    const { taken, format } = find(logger);
    const formatted = Object(options.formatters?.bindings?.(bindings) ?? bindings);
    const serializer = (name: string) => options.serializers?.[name] ?? serializerOf(logger, name);
    // Bindings cannot be the message. The fields of a line without one can.
    const fields = rename(formatted, { has: (name) => name === 'msg' || taken.has(name) }, serializer);
    return {
      fields,
      names: {
        taken: { has: (name: string) => Object.hasOwn(fields, name) || taken.has(name) },
        format: options.formatters?.log ?? format,
      },
    };
  }

  return {
    watch(logger) {
      const { child, setBindings } = logger;
      Object.assign(logger, {
        child(this: Logger, bindings: Bindings, options?: ChildLoggerOptions) {
          if (!bindings) return Reflect.apply(child, this, [bindings, options]);
          const { fields, names } = bind(this, bindings, options);
          const made: Logger = Reflect.apply(child, this, [fields, options && withoutFormatters(options)]);
          namesOf.set(made, names);
          return made;
        },
        setBindings(this: Logger, bindings: Bindings) {
          const { fields, names } = bind(this, bindings);
          namesOf.set(this, names);
          setBindings.call(this, fields);
        },
      });
    },
    merge(logger, first, given) {
      const { taken, format } = find(logger);
      const fields = format === undefined ? given : format(given);
      const named = hasTakenName(fields, taken) ? rename(fields, taken, (name) => serializerOf(logger, name)) : fields;
      return Object.assign(first, named);
    },
  };
}

/** Nearly all lines have none, so this is their only cost. */
function hasTakenName(fields: object, taken: Taken): boolean {
  for (const name in fields) if (taken.has(name)) return true;
  return false;
}

/**
 * The same fields, without those names.
 *
 * @param serializer of a field that gets another name, which pino would not find by that name
 */
function rename(
  fields: object,
  taken: Taken,
  serializer: (name: string) => ((value: unknown) => unknown) | undefined,
): Fields {
  const renamed: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(fields)) {
    if (!taken.has(key)) renamed[key] = value;
    else {
      const name = freeName(key, (other) => taken.has(other) || other in renamed || Object.hasOwn(fields, other));
      const serialize = serializer(key);
      renamed[name] = serialize === undefined ? value : serialize(value);
    }
  }
  return renamed;
}

/** The name with as many prefixes as it needs to be free. */
export function freeName(name: string, isTaken: (name: string) => boolean): string {
  let free = prefix + name;
  while (isTaken(free)) free = prefix + free;
  return free;
}

function serializerOf(logger: object, name: string): ((value: unknown) => unknown) | undefined {
  return Reflect.get(logger, pino.symbols.serializersSym)?.[name];
}

/** The formatters that add fields run before the names are given. */
function withoutFormatters(options: ChildLoggerOptions): ChildLoggerOptions {
  const { formatters } = options;
  if (formatters === undefined) return options;
  return { ...options, formatters: formatters.level === undefined ? {} : { level: formatters.level } };
}
