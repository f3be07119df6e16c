import type { DoneDocument, MoveDocument } from '../../domain/documents.js'
import { openSecrets } from '../../phases/open-secrets.js'
import { sealSecrets } from '../../phases/seal-secrets.js'
import { generateTransportKey } from '../../secrets/transport-key.js'
import type { Connections } from '../connections.js'
import { drive } from '../drive.js'
import { stagedMove } from '../staged-move.js'
import { assertBeforeCutover } from './assert-fits.js'
import { declined } from './command-io.js'
import type { MoveIo } from './command-io.js'

export async function secretsKeygen(file: string): Promise<DoneDocument> {
  const key = await generateTransportKey(file)
  return { done: [`the private key is in ${file}; keep it where the keys of the target are`, `pin the public one under the target's cell: transport_key: "${key}"`], org: null, cell: null, epoch: null, error: null }
}

export async function secretsSeal(at: Connections, moveId: string, io: MoveIo): Promise<MoveDocument> {
  const move = await stagedMove(await at.ready(), { mode: at.settings.secrets.mode, moveId, past: 'freeze' })
  if (!(await io.confirm([`seal the secrets of organization ${move.org} on ${move.source} for ${move.target}`]))) throw declined()
  return drive(await at.driveOptions(move, 'secrets seal', io, assertBeforeCutover), { state: () => null }, async ({ ctx, journal }) => {
    await ctx.secrets.open(ctx.journal.plan())
    await sealSecrets(ctx)
    await journal.update({ error: null })
  })
}

export async function secretsOpen(at: Connections, moveId: string, privateKeyFile: string, io: MoveIo): Promise<MoveDocument> {
  const move = await stagedMove(await at.ready(), { mode: at.settings.secrets.mode, moveId, past: 'copy' })
  if (!(await io.confirm([`open the secrets of organization ${move.org} on ${move.target} and write them into the loaded rows`]))) throw declined()
  return drive(await at.driveOptions(move, 'secrets open', io, assertBeforeCutover), { state: () => null }, async ({ ctx, journal }) => {
    await ctx.secrets.open(ctx.journal.plan())
    await openSecrets(ctx, privateKeyFile)
    await journal.update({ error: null })
  })
}
