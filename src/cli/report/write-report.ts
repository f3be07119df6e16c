import { writeFile } from 'node:fs/promises'
import { MoverError } from '../../domain/errors.js'

/** Of the operator's own choice of place: an existing file is replaced. It names keys of rows, so others may not read it. Throws OM1004. */
export async function writeReport(file: string, text: string): Promise<void> {
  await writeFile(file, text, { mode: 0o600 }).catch((cause: unknown) => {
    throw new MoverError({ code: 'OM1004', message: `the report could not be written to ${file}`, hint: 'name a file in a folder that is there with --output, or - for standard output', retry: 'after-fix', cause })
  })
}
