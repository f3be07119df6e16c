import { randomInt } from 'node:crypto'
import pLimit from 'p-limit'
import { expect, test } from 'vitest'
import { demoStatements, drawTrial, tryDemo } from '../support/demo-trial.js'
import { Tally, throwAll } from '../support/fault-selection.js'
import { seeded } from '../support/generated-cell/random.js'

/**
 * The demo's whole schema with four jobs, disturbed at statements drawn at random: connections and the process itself. `npm test` takes a few, `npm run test:fault:demo` many.
 * ORG_MOVER_TEST_SAMPLES=n draws n; the seed that is printed draws the same ones again as ORG_MOVER_TEST_SEED.
 */
const SAMPLES = Number(process.env['ORG_MOVER_TEST_SAMPLES'] ?? 4)
const SEED = Number(process.env['ORG_MOVER_TEST_SEED'] ?? randomInt(2 ** 31))
const AT_ONCE = 2

test(`P5: a move of the demo's schema with four jobs, disturbed anywhere, is resumed or taken back (${SAMPLES} samples, seed ${SEED})`, { timeout: 60_000 + SAMPLES * 30_000 }, async () => {
  const statements = await demoStatements()
  const random = seeded(SEED)
  const limit = pLimit(AT_ONCE)
  const tally = new Tally()
  const failures: unknown[] = []
  const trials = Array.from({ length: SAMPLES }, () => drawTrial(random, statements))
  await Promise.all(trials.map((trial) => limit(() => tryDemo(trial).then((ended) => tally.add(`${trial.server} ${trial.kind}: ${ended}`), (error: unknown) => failures.push(error)))))
  process.stderr.write(`demo's schema, four jobs: ${SAMPLES} moves of about ${Object.values(statements).join(' + ')} statements (source, target, control), seed ${SEED}, ${failures.length} failed\n${tally.lines}`)
  throwAll(failures)
  expect(tally.lines).not.toBe('')
})
