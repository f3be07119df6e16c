import { z } from 'zod'
import { configSchema } from './config-schema.js'

/** JSON Schema of the configuration file, for editors; committed as schema/config.schema.json. */
export function configJsonSchema(): string {
  return `${JSON.stringify({ title: 'org-mover.yaml', ...z.toJSONSchema(configSchema, { io: 'input' }) }, null, 2)}\n`
}
