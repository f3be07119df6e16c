/** Somebody asked the driver to rest: no failure. Thrown between two chunks or phases, where the move can simply be gone on with. */
export class Paused extends Error {
  constructor() {
    super('the move was asked to pause')
    this.name = 'Paused'
  }
}
