import { Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fieldAt, RowEditor, RowSplitter } from '../../src/dataplane/copy-text.js'
import type { Field, RowEdit } from '../../src/dataplane/copy-text.js'

/** COPY's text format as its documentation has it, written here for the tests alone. */
function encode(rows: readonly (readonly (string | null)[])[]): Buffer {
  const escape = (text: string): string => text.replaceAll(/[\\\b\f\n\r\t\v]/g, (c) => `\\${{ '\\': '\\', '\b': 'b', '\f': 'f', '\n': 'n', '\r': 'r', '\t': 't', '\v': 'v' }[c] ?? ''}`)
  return Buffer.from(rows.map((row) => `${row.map((value) => (value === null ? String.raw`\N` : escape(value))).join('\t')}\n`).join(''))
}

/** The bytes in pieces, cut anywhere: between the bytes of a letter, or of an escape. */
function pieces(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return at.slice(1).map((end, n) => bytes.subarray(at[n], end))
}

async function edited(input: readonly Buffer[], edit: RowEdit): Promise<string> {
  const out: Buffer[] = []
  const sink = new Writable({ write: (chunk: Buffer, _, done) => (out.push(chunk), done()) })
  await pipeline(Readable.from(input), new RowEditor(edit), sink)
  return Buffer.concat(out).toString()
}

const value = fc.option(fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: fc.constantFrom('\\', '\t', '\n', '\r', '\b', '\f', '\v', 'N', '.', 'x', '0') })))
const table = fc.integer({ min: 1, max: 5 }).chain((width) => fc.array(fc.array(value, { minLength: width, maxLength: width }), { maxLength: 8 }))

describe('rows in the text format of COPY', () => {
  test('each field comes out as it went in, wherever the stream is cut', () => {
    fc.assert(
      fc.property(table, fc.array(fc.nat(), { maxLength: 12 }), (rows, cuts) => {
        const splitter = new RowSplitter()
        const found = pieces(encode(rows), cuts).flatMap((piece) => [...splitter.rows(piece)].map((row) => row.fields.slice(1).map((_, n) => fieldAt(row, n)?.toString() ?? null)))
        splitter.end()
        expect(found).toEqual(rows)
      }),
    )
  })

  test('an edit changes the fields it names, leaves out those behind, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(table, fc.array(fc.nat(), { maxLength: 12 }), fc.nat(), fc.nat(), fc.boolean(), async (rows, cuts, first, second, later) => {
        const width = rows[0]?.length ?? 1
        const kept = 1 + (first % width)
        const place = second % kept
        const change = ([field, other]: readonly (Field | undefined)[]): readonly Field[] => [field == null ? Buffer.from('was\tNULL') : Buffer.from([...field, ...(other ?? [])])]
        const edit: RowEdit = { reads: [place, width - 1], writes: [place], kept, edit: (fields) => (later ? Promise.resolve(change(fields)) : change(fields)) }
        const expected = rows.map((row) => row.slice(0, kept).map((text, n) => (n !== place ? text : text === null ? 'was\tNULL' : text + (row[width - 1] ?? ''))))
        expect(await edited(pieces(encode(rows), cuts), edit)).toBe(encode(expected).toString())
      }),
    )
  })

  test('a row with too few fields, and a stream that ends within a row, fail', async () => {
    const edit: RowEdit = { reads: [2], writes: [0], kept: 1, edit: (fields) => fields }
    await expect(edited([Buffer.from('a\tb\n')], edit)).rejects.toThrow('no field 3')
    await expect(edited([Buffer.from('a\tb\tc\nd')], { ...edit, reads: [0] })).rejects.toThrow('within a row')
  })
})
