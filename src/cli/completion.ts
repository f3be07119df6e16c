import { allNodes } from './command-tree.js'
import type { CommandNode, OptionNode } from './command-tree.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/** What a shell reads to complete command lines: commands, options, values that are known, files. It asks neither configuration nor database. */
export function completionScript(shell: Shell, program: CommandNode): string {
  return shell === 'fish' ? fishScript(program) : shell === 'bash' ? bashScript(program) : zshScript(program)
}

/** Both read the words before the cursor in the same way; `words` has the program's name first, `at` is the number of the word to complete. */
function wordsOfCommand(program: CommandNode): string {
  const nodes = allNodes(program)
  const paths = nodes.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.join(' ')))
  return `  local at_command='' word skip=''
  for word in "\${before[@]}"; do
    if [[ $word == '=' ]]; then skip=1; continue; fi
    if [[ -n $skip ]]; then skip=''; continue; fi
    case "$word" in
      ${alternatives(program, ({ value }) => value !== null)}) skip=1; continue ;;
      -*) continue ;;
    esac
    case "\${at_command:+$at_command }$word" in
      ${paths.join('|')}) at_command="\${at_command:+$at_command }$word" ;;
    esac
  done
  local candidates='' kind=words
  case "$previous" in
${valueCases(program).map((one) => `    ${one}`).join('\n')}
    *)
      case "$at_command" in
${nodes.map((node) => `        ${quoted(node.path.join(' '))}) candidates=${quoted(candidatesOf(node, program).join(' '))} ;;`).join('\n')}
      esac ;;
  esac`
}

function bashScript(program: CommandNode): string {
  const [name] = program.usage.split(' ')
  return `# bash completion of ${name}: source <(${name} completion bash)
_org_mover() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local before=("\${COMP_WORDS[@]:1:COMP_CWORD-1}")
  # bash takes --option=value for three words
  if [[ $current == '=' ]]; then current=''
  elif [[ $previous == '=' ]]; then previous="\${COMP_WORDS[COMP_CWORD-2]}"; fi
${wordsOfCommand(program)}
  local IFS=$'\\n'
  case "$kind" in
    files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")) ;;
    directories) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")) ;;
    words) COMPREPLY=($(compgen -W "\${candidates// /$'\\n'}" -- "$current")) ;;
  esac
}
complete -F _org_mover ${name}
`
}

function zshScript(program: CommandNode): string {
  const [name] = program.usage.split(' ')
  return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh), after compinit
_org_mover() {
  local previous="\${words[CURRENT-1]}"
  local -a before
  before=("\${(@)words[2,CURRENT-1]}")
  if [[ "\${words[CURRENT]}" == --*=* ]]; then previous="\${words[CURRENT]%%=*}"; compset -P '*='; fi
${wordsOfCommand(program)}
  case "$kind" in
    files) _files ;;
    directories) _files -/ ;;
    words) compadd -- \${(s: :)candidates} ;;
  esac
}
compdef _org_mover ${name}
`
}

function fishScript(program: CommandNode): string {
  const [name] = program.usage.split(' ')
  const nodes = allNodes(program)
  const lines = nodes.flatMap((node) => {
    const at = `-n ${quoted(`__org_mover_at ${quoted(node.path.join(' '))}`)}`
    return [
      ...node.subcommands.map((child) => `complete -c ${name} ${at} -a ${quoted(child.path.at(-1) ?? '')} -d ${quoted(child.description)}`),
      ...node.choices.map((choice) => `complete -c ${name} ${at} -a ${quoted(choice)}`),
      ...node.options.map((option) => `complete -c ${name} ${at} ${fishOption(option)}`),
    ]
  })
  const global = program.options.filter(({ long }) => long !== '--version' && long !== '--help').map((option) => `complete -c ${name} -n 'not __org_mover_at ""' ${fishOption(option)}`)
  return `# fish completion of ${name}: ${name} completion fish | source
function __org_mover_at
    set -l at
    set -l skip
    for word in (commandline -opc)[2..]
        if set -q skip[1]
            set skip
            continue
        end
        switch $word
            case ${optionNames(program, ({ value }) => value !== null).join(' ')}
                set skip 1
            case '-*'
            case '*'
                contains -- "$at $word" ${nodes.filter(({ path }) => path.length > 0).map(({ path }) => quoted(path.length === 1 ? ` ${path.join(' ')}` : path.join(' '))).join(' ')}; and set at (string trim -- "$at $word")
        end
    end
    test "$at" = "$argv[1]"
end
complete -c ${name} -f
${[...lines, ...global].join('\n')}
`
}

function fishOption({ long, short, value, description, choices }: OptionNode): string {
  const takes = value === null ? '' : choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : isFile(value) ? ' -r -F' : value === 'dir' ? ` -x -a '(__fish_complete_directories)'` : ' -x'
  return `-l ${long.slice(2)}${short === null ? '' : ` -s ${short.slice(1)}`}${takes} -d ${quoted(description)}`
}

/** Cases by the word before: what its value may be. */
function valueCases(program: CommandNode): readonly string[] {
  const withChoices = unique(optionsOf(program).filter(({ choices }) => choices.length > 0))
  const named = (is: (option: OptionNode) => boolean): string => alternatives(program, (option) => option.value !== null && option.choices.length === 0 && is(option))
  return [
    ...withChoices.map(({ long, choices }) => `${long}) candidates=${quoted(choices.join(' '))} ;;`),
    `${named(({ value }) => isFile(value))}) kind=files ;;`,
    `${named(({ value }) => value === 'dir')}) kind=directories ;;`,
    // nothing is known of organizations and cells without asking for them
    `${named(({ value }) => !isFile(value) && value !== 'dir')}) kind=none ;;`,
  ]
}

function candidatesOf(node: CommandNode, program: CommandNode): readonly string[] {
  const children = node.path[0] === 'help' ? program.subcommands : node.subcommands
  const global = node === program ? [] : program.options.filter(({ long }) => long !== '--version')
  return [...new Set([...children.map(({ path }) => path.at(-1) ?? ''), ...node.choices, ...[...node.options, ...global].map(({ long }) => long)])]
}

function isFile(value: string | null): boolean {
  return value === 'file'
}

function optionsOf(program: CommandNode): readonly OptionNode[] {
  return allNodes(program).flatMap(({ options }) => options)
}

function optionNames(program: CommandNode, is: (option: OptionNode) => boolean): readonly string[] {
  return unique(optionsOf(program).filter(is)).map(({ long }) => long)
}

function alternatives(program: CommandNode, is: (option: OptionNode) => boolean): string {
  return optionNames(program, is).join('|')
}

function unique(options: readonly OptionNode[]): readonly OptionNode[] {
  return [...new Map(options.map((option) => [option.long, option])).values()]
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
