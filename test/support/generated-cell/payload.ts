import type { Random } from './random.js'

export interface Payload {
  readonly label: string
  readonly type: (schema: string) => string
  readonly values: readonly string[]
}

const builtIn = (type: string, ...values: readonly string[]): Payload => ({ label: type.replaceAll(/\W+/g, '_'), type: () => type, values })

/** Data columns with the values that copies, digests and comparisons get wrong. */
export const PAYLOADS: readonly Payload[] = [
  builtIn('text', '', ' ', '\\N', 'NULL', 'a\tb\nc\\', '"quoted", (brackets) {braces}', 'é 漢字 🦉', "it's \\. end"),
  builtIn('character(5)', 'ab', '     ', 'abcde'),
  builtIn('character varying(8)', '', 'x  ', '12345678'),
  builtIn('numeric', '1.0', '1.00', 'NaN', 'Infinity', '-0.000', '123456789012345678901234567890.123456789'),
  builtIn('numeric(12,4)', '1', '-0.0001', 'NaN'),
  builtIn('double precision', '-0', '0', 'NaN', '-Infinity', '0.1', '5e-324', '1.7976931348623157e308'),
  builtIn('real', '-0', 'NaN', '0.1', '1e-45'),
  builtIn('boolean', 'true', 'false'),
  builtIn('smallint', '-32768', '0', '32767'),
  builtIn('timestamp with time zone', 'infinity', '-infinity', '2024-02-29 23:59:59.999999+00', '0044-03-15 12:00:00+00 BC', '2001-02-03 04:05:06+14'),
  builtIn('timestamp without time zone', '2001-02-03 04:05:06.7', 'infinity'),
  builtIn('date', '2001-02-03', 'infinity', '0001-01-01 BC'),
  builtIn('time with time zone', '24:00:00+05:30', '00:00:00-08'),
  builtIn('interval', '-1 mons +3 days -04:00:00', '1 year 2 mons', '00:00:00'),
  builtIn('jsonb', '{"b": [1, null, "\\u00e9"], "a": {"": 1.50}}', 'null', '"\\\\"', '[]'),
  builtIn('json', '{"a":1,  "a": 2}', '[ 1 ]'),
  builtIn('bytea', '\\x', '\\x00ff00', '\\x5c4e'),
  builtIn('text[]', '{}', '{a,NULL,"NULL","","\\"x\\\\"}', '[0:1]={x,y}'),
  builtIn('integer[]', '{{1,2},{3,NULL}}', '[-1:0]={7,8}'),
  builtIn('bit(3)', '101'),
  builtIn('bit varying', '', '1'),
  builtIn('inet', '::1/64', '10.0.0.1'),
  builtIn('macaddr', '08:00:2b:01:02:03'),
  builtIn('int8range', 'empty', '[1,5)', '(,)'),
  builtIn('nummultirange', '{}', '{[1.0,2.00),[3,4]}'),
  builtIn('tsvector', "'a':1A 'b':2", ''),
  builtIn('point', '(1.5,-0)', '(NaN,Infinity)'),
  { label: 'mood', type: (schema) => `${schema}.mood`, values: ['sad', 'so "so"', 'HAPPY, very'] },
  { label: 'moods', type: (schema) => `${schema}.mood[]`, values: ['{sad,NULL}', '{}'] },
  { label: 'amount', type: (schema) => `${schema}.amount`, values: ['0', '10.50'] },
  { label: 'pair', type: (schema) => `${schema}.pair`, values: ['(1,)', '(,"a ""b"" \\\\")', '(,)'] },
  { label: 'email', type: () => 'public.citext', values: ['A@x.org', 'a@X.org'] },
]

/** The types that these columns need, in the schema given (quoted). */
export function payloadTypes(schema: string): string {
  return `
    CREATE EXTENSION IF NOT EXISTS citext SCHEMA public;
    CREATE TYPE ${schema}.mood AS ENUM ('sad', 'so "so"', 'HAPPY, very');
    CREATE DOMAIN ${schema}.amount AS numeric(10,2) CHECK (VALUE >= 0);
    CREATE TYPE ${schema}.pair AS (one integer, "two B" text);
    CREATE DOMAIN ${schema}.id_number AS bigint CHECK (VALUE > 0);
    CREATE COLLATION ${schema}.caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    CREATE COLLATION ${schema}.phonebook (provider = icu, locale = 'de-u-co-phonebk');
  `
}

export function valueOf(payload: Payload, random: Random): string | null {
  return random.chance(0.25) ? null : random.pick(payload.values)
}
