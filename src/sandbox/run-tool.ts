import { spawn } from 'node:child_process'
import type { RunAs } from './unprivileged-user.js'

export interface ToolResult {
  /** Null where it could not be started at all or ended by a signal. */
  readonly exitCode: number | null
  readonly output: string
}

/** Runs a short-lived program to its end. Never throws: a program that cannot be started is a result too. */
export async function runTool(file: string, args: readonly string[], options: { readonly runAs: RunAs | null; readonly cwd?: string }): Promise<ToolResult> {
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(file, [...args], { stdio: ['ignore', 'pipe', 'pipe'], cwd: options.cwd ?? '/', ...options.runAs })
    const collect = (chunk: Buffer) => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.once('error', (error) => resolve({ exitCode: null, output: error.message }))
    child.once('close', (exitCode) => resolve({ exitCode, output: output.trim() }))
  })
}
