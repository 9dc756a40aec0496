/** Finds rows by the hash of their labels. */
export interface RowIndex {
  /** The position of the row with this hash that is the one looked for; -1 if there is none. */
  find(hash: number, isSought: (position: number) => boolean): number;
  /** Notes a row that is in no place yet. */
  add(hash: number, position: number): void;
  /** Notes that a row stands elsewhere now. */
  move(hash: number, from: number, to: number): void;
  /** Forgets a row. The hashes of all the others must still be found at their positions. */
  remove(hash: number, position: number): void;
  clear(): void;
}

const smallestCapacity = 64;

/**
 * Makes an index: a hash table with open addressing over positions. It takes 8 to 16 bytes a row, where a `Map` from
 * label strings takes 100 and more.
 *
 * @param hashAt the hash of the row at a position
 */
export function createRowIndex(hashAt: (position: number) => number): RowIndex {
  /** A position and 1; 0 is an empty place. */
  let places = new Uint32Array(smallestCapacity);
  let size = 0;

  const homeOf = (hash: number) => hash & (places.length - 1);
  const next = (place: number) => (place + 1) & (places.length - 1);

  function placeOf(hash: number, position: number): number {
    let place = homeOf(hash);
    while (places[place] !== position + 1) {
      if (places[place] === 0) throw new Error(`the index has lost row ${position}`);
      place = next(place);
    }
    return place;
  }

  function put(hash: number, position: number): void {
    let place = homeOf(hash);
    while (places[place] !== 0) place = next(place);
    places[place] = position + 1;
  }

  function resize(capacity: number): void {
    const before = places;
    places = new Uint32Array(capacity);
    for (const taken of before) if (taken !== 0) put(hashAt(taken - 1), taken - 1);
  }

  return {
    find(hash, isSought) {
      for (let place = homeOf(hash); ; place = next(place)) {
        const position = (places[place] ?? 0) - 1;
        if (position < 0) return -1;
        if (hashAt(position) === hash && isSought(position)) return position;
      }
    },

    add(hash, position) {
      if ((size + 1) * 2 > places.length) resize(places.length * 2);
      put(hash, position);
      size += 1;
    },

    move(hash, from, to) {
      places[placeOf(hash, from)] = to + 1;
    },

    remove(hash, position) {
      let gap = placeOf(hash, position);
      // Those behind it that are not at home move up, so that no search ends at the gap.
      for (let place = next(gap); places[place] !== 0; place = next(place)) {
        const taken = places[place] ?? 0;
        const distance = (place - homeOf(hashAt(taken - 1))) & (places.length - 1);
        if (distance >= ((place - gap) & (places.length - 1))) {
          places[gap] = taken;
          gap = place;
        }
      }
      places[gap] = 0;
      size -= 1;
      if (size * 8 < places.length && places.length > smallestCapacity) resize(places.length / 2);
    },

    clear() {
      places = new Uint32Array(smallestCapacity);
      size = 0;
    },
  };
}
