#!/usr/bin/env node
// The objects of an organization below a prefix of an S3-compatible store. Needs `npm install @aws-sdk/client-s3` beside org-mover.
//
//   participants:
//     - name: attachments
//       command: [node, participants/s3-prefix.mjs]
//       timeouts: {replicate: 6h, lag: 1h, final_sync: 30m, verify: 2h}
//       max_lag: 100                                   # objects that had changed since the reading before
//       options:
//         prefix: "organizations/{org}/"
//         jobs: 8
//         stores:                                      # credentials are read from the environment, under the names given; without them, as the SDK does
//           cell-a: {bucket: files-a, region: eu-west-1, access_key: A_S3_KEY, secret_key: A_S3_SECRET}
//           cell-b: {bucket: files-b, endpoint: "https://s3.b.example", path_style: true, access_key: B_S3_KEY, secret_key: B_S3_SECRET}
//
// Contents, content headers and user metadata travel; tags, ACLs and old versions do not. The verification reads every object on both sides (SHA-256):
// ETags differ with the way of an upload. An object `.org-mover/<move id>` in the target's bucket says that what is below the prefix came by
// this move: nothing is overwritten or deleted without it. Each object goes through memory in parts of 16 MiB.
import { createHash } from 'node:crypto'
import { answer, forOrg, option, Refusal } from './protocol.mjs'

const sdk = await import('@aws-sdk/client-s3').catch(() => null)
const PART = 16 * 2 ** 20
/** What S3 deletes in one call. */
const MOST_DELETED = 1_000
const HEADERS = ['ContentType', 'ContentEncoding', 'ContentDisposition', 'ContentLanguage', 'CacheControl']

function storeOf(request, cell) {
  if (sdk === null) throw new Refusal('@aws-sdk/client-s3 is not installed: npm install @aws-sdk/client-s3')
  const { bucket, endpoint, region, path_style: forcePathStyle, access_key: keyName, secret_key: secretName } = option(request, 'stores')[cell] ?? {}
  if (typeof bucket !== 'string') throw new Refusal(`options.stores has no bucket for ${cell}`)
  const from = (name) => {
    if (process.env[name] === undefined) throw new Refusal(`the environment variable ${name} is not set`)
    return process.env[name]
  }
  const credentials = keyName === undefined ? {} : { credentials: { accessKeyId: from(keyName), secretAccessKey: from(secretName) } }
  // stores other than AWS's do not know the newer checksums
  const client = new sdk.S3Client({ region: region ?? 'us-east-1', endpoint, forcePathStyle, requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED', maxAttempts: 5, ...credentials })
  const send = (command, input) => client.send(new sdk[`${command}Command`]({ Bucket: bucket, ...input })).catch((error) => {
    const status = statusOf(error)
    // an answer to HEAD has no text: without this it would say nothing at all
    error.message = `the store of ${cell} failed at ${command}: ${status === undefined ? (error.code ?? error.name) : `HTTP status ${status} (${error.name})`}`
    // no answer, or one of a store that has too much to do; the SDK has tried five times
    if (status === undefined || status >= 500 || status === 429) throw new Refusal(error.message, { retry: true })
    throw error
  })
  return { bucket, cell, identity: `${endpoint ?? ''}/${bucket}`, send }
}

const statusOf = (error) => error.$metadata?.httpStatusCode

/** What `work` yields; null where the object is gone, or is not any more what it was when it was looked at. */
async function unlessChanged(work) {
  try {
    return await work()
  } catch (error) {
    if (statusOf(error) === 404 || statusOf(error) === 412) return null
    throw error
  }
}

function placesOf(request) {
  const [source, target] = [storeOf(request, request.source), storeOf(request, request.target)]
  if (source.identity === target.identity) throw new Refusal('both cells have the same bucket')
  const prefix = forOrg(option(request, 'prefix'), request.org)
  if (!prefix.endsWith('/')) throw new Refusal('options.prefix must end with "/": the prefix of organization 1 is also that of organization 10')
  return { source, target, prefix, jobs: request.options.jobs ?? 4, mark: `.org-mover/${request.moveId}` }
}

/** Size, time and ETag of every object by its key. A map of keys, not of contents: some hundred bytes an object. */
async function list(store, prefix) {
  const found = new Map()
  let ContinuationToken
  do {
    // keys may hold what XML cannot: they are asked for as in a URL
    const page = await store.send('ListObjectsV2', { Prefix: prefix, ContinuationToken, EncodingType: 'url' })
    const keyOf = (text) => (page.EncodingType === 'url' ? decodeURIComponent(text.replaceAll('+', ' ')) : text)
    for (const { Key, Size, LastModified, ETag } of page.Contents ?? []) found.set(keyOf(Key), { size: Size, at: LastModified.getTime(), etag: ETag })
    ContinuationToken = page.NextContinuationToken
  } while (ContinuationToken !== undefined)
  return found
}

async function inParallel(items, jobs, work) {
  const open = [...items]
  await Promise.all(Array.from({ length: Math.min(jobs, open.length) }, async () => {
    for (let item = open.shift(); item !== undefined; item = open.shift()) await work(item)
  }))
}

const exists = async (store, key) => (await unlessChanged(() => store.send('HeadObject', { Key: key }))) !== null

const headersOf = (head) => Object.fromEntries([...HEADERS.map((name) => [name, head[name]]), ['Metadata', head.Metadata ?? {}]].filter(([, value]) => value !== undefined))

/** The object as it was at one moment: each part is asked for under the same ETag. */
async function* partsOf(store, key, { size, etag }) {
  for (let at = 0; at < size; at += PART) {
    const { Body } = await store.send('GetObject', { Key: key, IfMatch: etag, ...(size > PART ? { Range: `bytes=${at}-${Math.min(at + PART, size) - 1}` } : {}) })
    yield Buffer.from(await Body.transformToByteArray())
  }
}

async function copyObject({ source, target }, key) {
  const head = await source.send('HeadObject', { Key: key })
  const [size, etag, headers] = [head.ContentLength ?? 0, head.ETag, headersOf(head)]
  const parts = partsOf(source, key, { size, etag })
  if (size <= PART) {
    await target.send('PutObject', { Key: key, ...headers, Body: (await parts.next()).value ?? Buffer.alloc(0) })
    return size
  }
  const { UploadId } = await target.send('CreateMultipartUpload', { Key: key, ...headers })
  try {
    const Parts = []
    for await (const Body of parts) Parts.push({ PartNumber: Parts.length + 1, ETag: (await target.send('UploadPart', { Key: key, UploadId, PartNumber: Parts.length + 1, Body })).ETag })
    await target.send('CompleteMultipartUpload', { Key: key, UploadId, MultipartUpload: { Parts } })
  } catch (error) {
    // parts of an upload that never ends cost money, and are seen by nobody
    await target.send('AbortMultipartUpload', { Key: key, UploadId }).catch(() => undefined)
    throw error
  }
  return size
}

/** ETags of objects that came in one part, unencrypted: the MD5 of their contents. Others say nothing between two stores. */
const isDigest = (etag) => /^"?[0-9a-f]{32}"?$/.test(etag ?? '')

/** Changed since it was copied, as far as a listing tells: the verification reads contents. */
const hasChanged = (there, here) => here?.size !== there.size || here.at <= there.at || (isDigest(there.etag) && isDigest(here.etag) && there.etag !== here.etag)

async function behind({ source, target, prefix }) {
  const [there, here] = [await list(source, prefix), await list(target, prefix)]
  const changed = [...there].filter(([key, object]) => hasChanged(object, here.get(key))).map(([key]) => key)
  return { changed, extra: [...here.keys()].filter((key) => !there.has(key)) }
}

async function synchronise(places, keys) {
  let bytes = 0
  await inParallel(keys.changed, places.jobs, async (key) => {
    // what was deleted or overwritten meanwhile, the next reading finds
    bytes += (await unlessChanged(() => copyObject(places, key))) ?? 0
  })
  await deleteAll(places.target, keys.extra)
  return { objects: keys.changed.length, deleted: keys.extra.length, bytes }
}

// eslint-disable-next-line no-control-regex
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

/** Keys that are gone already are no failure. Those that the list of a bulk delete cannot hold are deleted one by one. */
async function deleteAll(store, keys) {
  for (const Key of keys.filter((key) => NOT_XML.test(key))) await store.send('DeleteObject', { Key })
  const listed = keys.filter((key) => !NOT_XML.test(key))
  for (let n = 0; n < listed.length; n += MOST_DELETED) {
    const { Errors = [] } = await store.send('DeleteObjects', { Delete: { Quiet: true, Objects: listed.slice(n, n + MOST_DELETED).map((Key) => ({ Key })) } })
    const failed = Errors.filter(({ Code }) => Code !== 'NoSuchKey')
    if (failed.length > 0) throw new Error(`${failed.length} object(s) could not be deleted: ${failed[0].Code}`)
  }
}

async function digestOf(store, key) {
  const head = await store.send('HeadObject', { Key: key })
  const hash = createHash('sha256')
  for await (const part of partsOf(store, key, { size: head.ContentLength ?? 0, etag: head.ETag })) hash.update(part)
  return `${hash.digest('hex')} ${JSON.stringify(headersOf(head), (_, value) => (value?.constructor === Object ? Object.fromEntries(Object.entries(value).sort()) : value))}`
}

/** Keys that are not the same on both sides, and why. */
async function differences(places) {
  const { source, target, prefix, jobs } = places
  const [there, here] = [await list(source, prefix), await list(target, prefix)]
  const found = [...[...here.keys()].filter((key) => !there.has(key)).map((key) => [key, 'extraneous'])]
  await inParallel(there.keys(), jobs, async (key) => {
    if (!here.has(key)) return void found.push([key, 'missing'])
    const [wanted, got] = [await unlessChanged(() => digestOf(source, key)), await unlessChanged(() => digestOf(target, key))]
    if (wanted === null || got === null) found.push([key, 'changed while it was read'])
    else if (wanted !== got) found.push([key, 'mismatching'])
  })
  return { found, objects: there.size }
}

function byContents({ found }) {
  const keys = (isExtra) => found.filter(([, kind]) => (kind === 'extraneous') === isExtra).map(([key]) => key)
  return { changed: keys(false), extra: keys(true) }
}

async function mustBeOurs({ target, mark }, what) {
  if (await exists(target, mark)) return
  throw new Refusal(`${what}: the bucket of ${target.cell} has no mark of this move`)
}

async function mustBeEmpty({ target, prefix }) {
  if ((await list(target, prefix)).size > 0) throw new Refusal(`the bucket of ${target.cell} has objects of the organization already: remove them`)
}

await answer({
  check: async (request) => {
    const places = placesOf(request)
    if (request.moveId === null || !(await exists(places.target, places.mark))) await mustBeEmpty(places)
    const objects = (await list(places.source, places.prefix)).size
    return objects === 0 ? { warnings: [`the bucket of ${request.source} has no object of the organization`] } : { facts: { objects } }
  },
  replicate: async (request) => {
    const places = placesOf(request)
    if (!(await exists(places.target, places.mark))) {
      await mustBeEmpty(places)
      await places.target.send('PutObject', { Key: places.mark, Body: JSON.stringify({ moveId: request.moveId, org: request.org, from: request.source }) })
    }
    return { facts: await synchronise(places, await behind(places)) }
  },
  // nothing replicates by itself: each reading brings over what it found
  lag: async (request) => {
    const places = placesOf(request)
    await mustBeOurs(places, 'nothing was copied')
    const keys = await behind(places)
    await synchronise(places, keys)
    return { lag: keys.changed.length + keys.extra.length }
  },
  final_sync: async (request) => {
    const places = placesOf(request)
    await mustBeOurs(places, 'nothing was copied')
    // asked anew after a verification that found differences: a listing had not told them
    const keys = request.run === 1 ? await behind(places) : byContents(await differences(places))
    return { facts: await synchronise(places, keys) }
  },
  verify: async (request) => {
    const places = placesOf(request)
    await mustBeOurs(places, 'nothing was compared')
    const { found, objects } = await differences(places)
    if (found.length === 0) return { equal: true, facts: { objects } }
    return { equal: false, message: `${found.length} object(s) differ: ${found.slice(0, 5).map(([key, kind]) => `${key} (${kind})`).join('; ')}`, facts: { objects, differing: found.length } }
  },
  cutover: async () => ({}),
  purge: async (request) => {
    const places = placesOf(request)
    await mustBeOurs(places, 'nothing was deleted on the source')
    await deleteAll(places.source, [...(await list(places.source, places.prefix)).keys()])
    return {}
  },
  purge_tracking: async (request) => {
    const { target, mark } = placesOf(request)
    await target.send('DeleteObject', { Key: mark })
    return {}
  },
  abort: async (request) => {
    const places = placesOf(request)
    if (!(await exists(places.target, places.mark))) return {}
    await deleteAll(places.target, [...(await list(places.target, places.prefix)).keys()])
    await places.target.send('DeleteObject', { Key: places.mark })
    return {}
  },
})
