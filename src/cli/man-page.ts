import { allNodes } from './command-tree.js'
import type { CommandNode, OptionNode } from './command-tree.js'

interface ManualOptions {
  readonly version: string
  /** Example command lines of a command. */
  readonly examples: (node: CommandNode) => readonly string[]
  readonly exitCodes: readonly (readonly [string, string])[]
}

/** The manual page org-mover(1), in the man macros that every troff has. */
export function manualPage(program: CommandNode, { version, examples, exitCodes }: ManualOptions): string {
  const commands = allNodes(program).filter(({ path, subcommands }) => path.length > 0 && path.at(-1) !== 'help' && subcommands.length === 0)
  return `${[
    `.TH ORG\\-MOVER 1 "" "org\\-mover ${escaped(version)}" "User Commands"`,
    '.SH NAME',
    'org\\-mover \\- move one organization\\(aqs PostgreSQL data from one live cell to another',
    '.SH SYNOPSIS',
    ...commands.flatMap((node) => [`.B ${escaped(`org-mover ${node.path.join(' ')}`)}`, escaped(node.usage.split(' ').slice(1 + node.path.length).join(' ')), '.br']),
    '.SH DESCRIPTION',
    escaped(program.description),
    'Results go to standard output, logs, progress and questions to standard error.',
    '.SH COMMANDS',
    ...commands.flatMap((node) => [
      `.SS ${escaped(node.path.join(' '))}`,
      escaped(sentence(node.description)),
      ...node.options.filter(({ long }) => long !== '--help').flatMap(tagged),
      ...(examples(node).length === 0 ? [] : ['.PP', 'Examples:', '.PP', '.nf', '.RS', ...examples(node).map(escaped), '.RE', '.fi']),
    ]),
    '.SH OPTIONS OF ALL COMMANDS',
    ...program.options.flatMap(tagged),
    '.SH EXIT STATUS',
    ...exitCodes.flatMap(([code, meaning]) => ['.TP', `.B ${escaped(code)}`, escaped(meaning)]),
    '.SH ENVIRONMENT',
    '.TP',
    '.B ORG_MOVER_CONFIG',
    'the configuration file, where \\-\\-config does not name one',
    '.TP',
    '.B NO_COLOR',
    'if set and not empty, no colours',
    '.SH SEE ALSO',
    'The directory docs of the package: runbook.md for the night of a move, walkthrough.md for a recorded one, configuration.md, errors.md.',
  ].join('\n')}\n`
}

function tagged({ flags, description, choices }: OptionNode): readonly string[] {
  return ['.TP', `.B ${escaped(flags)}`, escaped(`${description}${choices.length === 0 ? '' : `: ${choices.join(', ')}`}`)]
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}

/** A line must not begin with a dot or an apostrophe, a hyphen must be one that can be copied, and a backslash is a command. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replace(/^([.'])/, '\\&$1')
}
