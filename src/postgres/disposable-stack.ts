/** The part of the standard's AsyncDisposableStack that is needed, for runtimes (Node 20) that do not have it. */
export class AsyncDisposableStack implements AsyncDisposable {
  readonly #resources: AsyncDisposable[] = []

  use<T extends AsyncDisposable>(resource: T): T {
    this.#resources.push(resource)
    return resource
  }

  /** Last in, first out; every resource is disposed of, the first failure is thrown at the end. */
  async [Symbol.asyncDispose](): Promise<void> {
    let failure: { readonly error: unknown } | null = null
    for (let resource = this.#resources.pop(); resource !== undefined; resource = this.#resources.pop()) {
      try {
        await resource[Symbol.asyncDispose]()
      } catch (error) {
        failure ??= { error }
      }
    }
    if (failure !== null) throw failure.error
  }
}
