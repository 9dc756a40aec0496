/** Finds rows by the hash of their labels. */
export interface RowIndex {
  /** The position of the row with this hash for which `isSought` is true; -1 if there is none. */
  find(hash: number, isSought: (position: number) => boolean): number;
  /** Adds a row that is not in the index. */
  add(hash: number, position: number): void;
  /** Changes the position of a row. */
  move(hash: number, from: number, to: number): void;
  /** Removes a row. `hashAt` must still return the hashes of all other rows. */
  remove(hash: number, position: number): void;
  clear(): void;
}

const smallestCapacity = 64;

/**
 * Makes an index: a hash table of positions with open addressing. It takes 8 to 16 bytes per row; a `Map` of label strings takes
 * 100 or more.
 *
 * @param hashAt the hash of the row at a position
 */
export function createRowIndex(hashAt: (position: number) => number): RowIndex {
  return new OpenAddressIndex(hashAt);
}

class OpenAddressIndex implements RowIndex {
  readonly #hashAt: (position: number) => number;
  /** Positions plus 1; 0 is an empty place. */
  #places = new Uint32Array(smallestCapacity);
  #size = 0;

  constructor(hashAt: (position: number) => number) {
    this.#hashAt = hashAt;
  }

  find(hash: number, isSought: (position: number) => boolean): number {
    for (let place = this.#homeOf(hash); ; place = this.#after(place)) {
      const position = (this.#places[place] ?? 0) - 1;
      if (position < 0) return -1;
      if (this.#hashAt(position) === hash && isSought(position)) return position;
    }
  }

  add(hash: number, position: number): void {
    if ((this.#size + 1) * 2 > this.#places.length) this.#resize(this.#places.length * 2);
    this.#put(hash, position);
    this.#size += 1;
  }

  move(hash: number, from: number, to: number): void {
    this.#places[this.#placeOf(hash, from)] = to + 1;
  }

  remove(hash: number, position: number): void {
    const places = this.#places;
    let gap = this.#placeOf(hash, position);
    // Displaced entries behind it move up, so that no search ends at the gap.
    for (let place = this.#after(gap); places[place] !== 0; place = this.#after(place)) {
      const taken = places[place] ?? 0;
      const distance = (place - this.#homeOf(this.#hashAt(taken - 1))) & (places.length - 1);
      if (distance >= ((place - gap) & (places.length - 1))) {
        places[gap] = taken;
        gap = place;
      }
    }
    places[gap] = 0;
    this.#size -= 1;
    if (this.#size * 8 < places.length && places.length > smallestCapacity) this.#resize(places.length / 2);
  }

  clear(): void {
    this.#places = new Uint32Array(smallestCapacity);
    this.#size = 0;
  }

  #homeOf(hash: number): number {
    return hash & (this.#places.length - 1);
  }

  #after(place: number): number {
    return (place + 1) & (this.#places.length - 1);
  }

  #placeOf(hash: number, position: number): number {
    let place = this.#homeOf(hash);
    while (this.#places[place] !== position + 1) {
      if (this.#places[place] === 0) throw new Error(`the index has lost row ${position}`);
      place = this.#after(place);
    }
    return place;
  }

  #put(hash: number, position: number): void {
    let place = this.#homeOf(hash);
    while (this.#places[place] !== 0) place = this.#after(place);
    this.#places[place] = position + 1;
  }

  #resize(capacity: number): void {
    const before = this.#places;
    this.#places = new Uint32Array(capacity);
    for (const taken of before) if (taken !== 0) this.#put(this.#hashAt(taken - 1), taken - 1);
  }
}
