/**
 * Whether `pg` will understand the text as a connection URL. Sockets are written `postgres://user@/db?host=/run/postgresql`,
 * which the URL standard rejects for its empty host: like `pg`, put a stand-in there.
 */
export function isConnectionUrl(text: string): boolean {
  if (!/^postgres(?:ql)?:\/\/./.test(text)) return false
  return URL.canParse(text) || URL.canParse(text.replace('@/', '@socket/').replace(/@:(\d+)/, '@socket:$1'))
}
