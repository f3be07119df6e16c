import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Signature Version 4 of one request, computed here from what came over the wire: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */

export interface Credentials {
  readonly keyId: string
  readonly secret: string
}

const SKEW_MS = 15 * 60_000

/** Null where the signature is right; else the S3 error code of what is wrong. */
export function refusalOf(request: IncomingMessage, body: Buffer, { keyId, secret }: Credentials): string | null {
  const { headers } = request
  const given = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')
  if (given === null) return 'AccessDenied'
  const [, id = '', day = '', region = '', signedHeaders = '', signature = ''] = given
  if (id !== keyId) return 'InvalidAccessKeyId'
  const at = String(headers['x-amz-date'])
  const instant = Date.parse(at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!at.startsWith(day) || !(Math.abs(Date.now() - instant) < SKEW_MS)) return 'RequestTimeTooSkewed'
  const payload = String(headers['x-amz-content-sha256'])
  if (payload !== sha256(body)) return 'XAmzContentSHA256Mismatch'
  const names = signedHeaders.split(';')
  if (!['host', 'x-amz-date', 'x-amz-content-sha256'].every((name) => names.includes(name))) return 'AccessDenied'
  const [path = '', query = ''] = (request.url ?? '').split('?')
  const canonical = [
    request.method,
    path.split('/').map((part) => encoded(decodeURIComponent(part))).join('/'),
    parametersOf(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`).sort().join('&'),
    ...names.map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, ' ')}`),
    '',
    signedHeaders,
    payload,
  ].join('\n')
  const scope = `${day}/${region}/s3/aws4_request`
  const key = [region, 's3', 'aws4_request'].reduce((parent, part) => hmac(parent, part), hmac(`AWS4${secret}`, day))
  const expected = hmac(key, ['AWS4-HMAC-SHA256', at, scope, sha256(canonical)].join('\n'))
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? null : 'SignatureDoesNotMatch'
}

/** Names and values of a query string, decoded; a name alone has the value ''. */
export function parametersOf(query: string): readonly (readonly [string, string])[] {
  return query.split('&').filter((part) => part !== '').map((part) => {
    const at = part.indexOf('=')
    return [decodeURIComponent(at < 0 ? part : part.slice(0, at)), at < 0 ? '' : decodeURIComponent(part.slice(at + 1))]
  })
}

/** As AWS encodes: everything but unreserved characters. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (letter) => `%${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase()}`)
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: Buffer | string, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}
