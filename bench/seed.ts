import { parseArgs } from 'node:util'
import { Client } from 'pg'
import { installDemoSchema, seedDemoCell } from '../src/sandbox/seed-demo-cell.js'

const USAGE = `npm run seed -- --url URL [--scale N] [--cell 1] [--organizations 20] [--variant standard|column-order]

Creates the demo schema in the database at URL where it is absent, and fills it: small organizations, and one big organization of
N million rows (may be a fraction; 0 for none).
`

/** Fills one cell for benchmarks and trials. */
async function seed(): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      scale: { type: 'string', default: '0' },
      cell: { type: 'string', default: '1' },
      organizations: { type: 'string', default: '20' },
      variant: { type: 'string', default: 'standard' },
    },
  })
  const cell = Number(values.cell)
  const organizations = Number(values.organizations)
  const bigOrgRows = Number(values.scale) * 1_000_000
  const { url, variant } = values
  const isUsable = Number.isInteger(cell) && cell > 0 && Number.isInteger(organizations) && organizations >= 0 && bigOrgRows >= 0
  if (url === undefined || !isUsable || (variant !== 'standard' && variant !== 'column-order')) {
    process.stderr.write(USAGE)
    process.exitCode = 2
    return
  }
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    const started = performance.now()
    const installed = await client.query<{ found: boolean }>(`SELECT to_regclass('public.organizations') IS NOT NULL AS found`)
    if (installed.rows[0]?.found !== true) await installDemoSchema(client, { cell, variant })
    const seeded = await seedDemoCell(client, { cell, organizations, bigOrgRows })
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    process.stdout.write(`${JSON.stringify({ cell, organizations: seeded.organizations.length, bigOrganization: seeded.bigOrganization, seconds: Number(seconds) })}\n`)
  } finally {
    await client.end()
  }
}

await seed()
