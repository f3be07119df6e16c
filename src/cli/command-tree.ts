import type { Command, Option } from 'commander'

/** One command as its users see it. */
export interface CommandNode {
  /** Words after the program's name: none for the program itself, `route get`. */
  readonly path: readonly string[]
  readonly description: string
  /** How it is written: `org-mover route get [options]`. */
  readonly usage: string
  readonly options: readonly OptionNode[]
  readonly subcommands: readonly CommandNode[]
  /** Values that its argument may have, where they are known. */
  readonly choices: readonly string[]
}

export interface OptionNode {
  readonly long: string
  readonly short: string | null
  readonly flags: string
  readonly description: string
  /** The placeholder of its value, such as `file`; null where it takes none. */
  readonly value: string | null
  readonly choices: readonly string[]
}

/** What completion and the manual page are made of: the program's own grammar, read and never written down a second time. */
export function commandTree(command: Command, path: readonly string[] = []): CommandNode {
  const help = command.createHelp()
  return {
    path,
    description: command.description(),
    usage: help.commandUsage(command),
    options: help.visibleOptions(command).flatMap(optionNode),
    subcommands: help.visibleCommands(command).map((child) => commandTree(child, [...path, child.name()])),
    choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  }
}

/** The node and all below it. */
export function allNodes(node: CommandNode): readonly CommandNode[] {
  return [node, ...node.subcommands.flatMap(allNodes)]
}

function optionNode({ long, short, flags, description, argChoices }: Option): readonly OptionNode[] {
  if (long === undefined) return []
  const value = /[<[](.+)[\]>]/.exec(flags)?.[1] ?? null
  return [{ long, short: short ?? null, flags, description, value, choices: argChoices ?? [] }]
}
