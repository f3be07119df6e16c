import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import S3rver from '@20minutes/s3rver'
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client, DeleteObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, test } from 'vitest'
import { ORG, smallCells } from '../support/small-cells.js'
import type { SmallCells } from '../support/small-cells.js'

const SCRIPT = fileURLToPath(new URL('../../participants/s3-prefix.mjs', import.meta.url))
const BUCKET = 'files'
/** What the server accepts; of the signatures of requests for whole buckets it has an idea of its own, so they are not compared. */
const KEY = 'S3RVER'
/** One object takes several parts. A second page of a listing, and "&" in keys, the server cannot do: nor are they tried here. */
const MANY = 20
const LARGE = 40 * 2 ** 20

interface Store {
  readonly client: S3Client
  readonly endpoint: string
}

interface Stores extends AsyncDisposable {
  readonly a: Store
  readonly b: Store
  readonly cells: SmallCells
}

async function stores(): Promise<Stores> {
  const folder = await mkdtemp(join(tmpdir(), 'org-mover-s3-'))
  const servers: S3rver[] = []
  const start = async (name: string): Promise<Store> => {
    const directory = join(folder, name)
    await mkdir(directory)
    const server = new S3rver({ address: '127.0.0.1', port: 0, directory, silent: true, allowMismatchedSignatures: true, configureBuckets: [{ name: BUCKET }] })
    servers.push(server)
    const endpoint = `http://127.0.0.1:${(await server.run()).port}`
    return { endpoint, client: new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials: { accessKeyId: KEY, secretAccessKey: KEY }, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }) }
  }
  const [a, b] = [await start('a'), await start('b')]
  const store = ({ endpoint }: Store) => ({ bucket: BUCKET, endpoint, path_style: true, access_key: 'TEST_KEY_ID', secret_key: 'TEST_S3_SECRET' })
  const options = { prefix: 'organizations/{org}/', jobs: 8, stores: { 'cell-a': store(a), 'cell-b': store(b) } }
  const cells = await smallCells({ env: { PATH: process.env['PATH'] ?? '', TEST_KEY_ID: KEY, TEST_S3_SECRET: KEY }, config: { participants: [{ name: 'files', command: [process.execPath, SCRIPT], timeout: '100s', lag_gap: '10ms', retries: 0, options }] } })
  return {
    a,
    b,
    cells,
    async [Symbol.asyncDispose]() {
      await cells[Symbol.asyncDispose]()
      for (const { client } of [a, b]) client.destroy()
      await Promise.all(servers.map((server) => server.close()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function put({ client }: Store, key: string, body: string | Buffer, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await client.send(new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: body, ...more }))
}

/** Keys of the bucket, and of those that are not one of the many: contents, type and metadata. */
async function listing({ client }: Store): Promise<readonly string[]> {
  const lines: string[] = []
  let token: string | undefined
  do {
    const page = await client.send(new ListObjectsV2Command({ Bucket: BUCKET, ContinuationToken: token }))
    for (const { Key = '' } of page.Contents ?? []) {
      if (Key.includes('/many/')) {
        lines.push(Key)
        continue
      }
      const object = await client.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
      const body = Buffer.from((await object.Body?.transformToByteArray()) ?? [])
      lines.push(`${Key} ${createHash('sha256').update(body).digest('hex').slice(0, 8)} ${body.length} ${object.ContentType} ${object.ContentEncoding ?? ''} ${JSON.stringify(object.Metadata)}`)
    }
    token = page.NextContinuationToken
  } while (token !== undefined)
  return lines.sort()
}

const own = (lines: readonly string[]): readonly string[] => lines.filter((line) => line.startsWith(`organizations/${ORG}/`))

async function fill(a: Store, b: Store): Promise<void> {
  await put(a, `organizations/${ORG}/a name with ü, + 100%.txt`, 'one', { ContentType: 'text/plain; charset=utf-8', Metadata: { owner: 'ann' } })
  await put(a, `organizations/${ORG}/packed`, 'not really', { ContentEncoding: 'gzip', ContentType: 'application/json' })
  await put(a, `organizations/${ORG}/empty`, '')
  await put(a, `organizations/${ORG}0/neighbour`, 'stays')
  await put(b, `organizations/${ORG}9/neighbour`, 'stays')
}

const move = (cells: SmallCells, pauseBefore?: 'freeze' | 'cutover' | 'verify') => cells.run((app, io) => app.move({ org: ORG, to: 'cell-b', ...(pauseBefore === undefined ? {} : { pauseBefore }) }, io))

async function again(cells: SmallCells, command: 'resume' | 'abort' | 'purge') {
  const id = (await cells.moveId()) ?? ''
  return cells.run((app, io) => (command === 'purge' ? app.purge(id, {}, io) : app[command](id, io)))
}

describe('objects below a prefix of an S3-compatible store', () => {
  test('go with the move: many, large, changed and deleted since; then from the source at the purge, and neighbours stay', async () => {
    await using made = await stores()
    const { cells, a, b } = made
    await fill(a, b)
    const numbers = Array.from({ length: MANY }, (_, n) => n)
    await Promise.all(Array.from({ length: 4 }, async () => {
      for (let n = numbers.pop(); n !== undefined; n = numbers.pop()) await put(a, `organizations/${ORG}/many/${n}`, String(n))
    }))
    await put(a, `organizations/${ORG}/large`, Buffer.alloc(LARGE, 'large'))
    expect(await move(cells, 'freeze')).toMatchObject({ document: { state: 'paused' } })
    expect(own(await listing(b))).toEqual(own(await listing(a)))
    await put(a, `organizations/${ORG}/many/5`, '6')
    await put(a, `organizations/${ORG}/packed`, 'not really', { ContentEncoding: 'br', ContentType: 'application/json' })
    await a.client.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: `organizations/${ORG}/empty` }))
    const moved = await again(cells, 'resume')
    expect({ exit: moved.exit, state: moved.document?.state }, moved.message).toEqual({ exit: 0, state: 'cut_over' })
    expect(moved.document?.participants.find(({ verb }) => verb === 'verify')).toMatchObject({ state: 'done', facts: { objects: String(MANY + 3) } })
    expect(own(await listing(b))).toEqual(own(await listing(a)))
    expect(await again(cells, 'purge')).toMatchObject({ exit: 0, document: { state: 'completed' } })
    expect((await listing(a)).map((line) => line.split(' ')[0])).toEqual([`organizations/${ORG}0/neighbour`])
    const left = await listing(b)
    expect([own(left).length, left.filter((line) => !own(left).includes(line)).map((line) => line.split(' ')[0])]).toEqual([MANY + 3, [`organizations/${ORG}9/neighbour`]])
  })

  test('that somebody changed on the target are found by their contents; resume brings them again', async () => {
    await using made = await stores()
    const { cells, a, b } = made
    await fill(a, b)
    expect(await move(cells, 'verify')).toMatchObject({ document: { state: 'paused' } })
    await put(b, `organizations/${ORG}/packed`, 'not really', { ContentEncoding: 'zstd', ContentType: 'application/json' })
    await put(b, `organizations/${ORG}/stray`, 'who wrote this')
    const found = await again(cells, 'resume')
    expect([found.exit, found.code, found.message]).toEqual([4, 'OM4005', expect.stringMatching(/2 object\(s\) differ: organizations\/1\/stray \(extraneous\); organizations\/1\/packed \(mismatching\)/)])
    expect(await again(cells, 'resume')).toMatchObject({ exit: 0, document: { state: 'cut_over' } })
    expect(own(await listing(b))).toEqual(own(await listing(a)))
  })

  test('are taken back by abort, to the last one and the mark', async () => {
    await using made = await stores()
    const { cells, a, b } = made
    await fill(a, b)
    const before = [await listing(a), await listing(b)]
    expect(await move(cells, 'cutover')).toMatchObject({ document: { state: 'paused' } })
    expect(own(await listing(b)).length).toBe(3)
    expect(await again(cells, 'abort')).toMatchObject({ exit: 0, document: { state: 'aborted' } })
    expect([await listing(a), await listing(b)]).toEqual(before)
  })

  test('that are on the target already stop the move before anything', async () => {
    await using made = await stores()
    const { cells, a, b } = made
    await fill(a, b)
    await put(b, `organizations/${ORG}/precious`, 'not ours')
    const ended = await move(cells)
    expect([ended.exit, ended.code]).toEqual([3, 'OM2007'])
    expect(ended.document?.findings).toContainEqual(expect.objectContaining({ code: 'OM2130', message: expect.stringContaining('cell-b has objects of the organization already') }))
    expect(own(await listing(b))).toHaveLength(1)
  })
})
