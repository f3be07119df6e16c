import { expect, test } from 'vitest'
import { proxiedCells, resume, undisturbed } from '../support/fault-trial.js'
import { ORG } from '../support/small-cells.js'

test.each(['source', 'target'] as const)('OM3008: a COPY whose connection to the %s is half open is given up, with nothing of its chunk stored and the fence up; then resume (P5)', async (server) => {
  const expected = await undisturbed()
  await using set = await proxiedCells()
  const { cells, proxies } = set
  const stalled = await cells.run((app, io) => app.move({ org: ORG, to: 'cell-b' }, io), {
    progress: (event) => {
      if (event.kind === 'phase' && event.phase === 'copy' && event.state === 'started') proxies[server].reset({ kind: 'freeze', hits: ({ text }) => /^COPY [^]*(TO STDOUT|FROM STDIN)/.test(text) })
    },
  })
  expect(proxies[server].hit).not.toBe(null)
  proxies[server].reset()
  expect([stalled.exit, stalled.code, stalled.document?.state, stalled.document?.error?.retry], stalled.message).toEqual([5, 'OM3008', 'failed', 'safe'])
  expect(stalled.message).toContain('no byte moved')
  await expect(cells.databases.source.query('UPDATE organizations SET name = name WHERE id = 1')).rejects.toMatchObject({ code: 'OM001' })
  await cells.endLease()
  await resume(cells, expected, `stalled at the ${server}`)
})
