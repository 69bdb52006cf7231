// A part that is played again and again: drawn with the pointer, or marked with a key at its start
// and at its end.

const LOOK = "cv-loop";
const SHORTEST_S = 0.3;

export class Loop {
  #regions;
  #duration;
  #told;
  #region = null;
  #from = null;

  /** `told` is called with what is repeated ({start, end}), what is begun ({start}), or null. */
  constructor(regions, duration, told) {
    this.#regions = regions;
    this.#duration = duration;
    this.#told = told;
    regions.enableDragSelection({ id: LOOK, color: "transparent" });
    regions.on("region-created", (region) => region.id === LOOK && this.#take(region));
    regions.on("region-updated", (region) => region === this.#region && this.#tell());
  }

  get span() {
    return this.#region && { start: this.#region.start, end: this.#region.end };
  }

  /** First press: here it begins. Second: here it ends. Third: no more. */
  mark(now) {
    if (this.#region) this.clear();
    else if (this.#from === null) {
      this.#from = now;
      this.#told({ start: now });
    } else this.#set(Math.min(this.#from, now), Math.max(this.#from, now));
  }

  clear() {
    this.#region?.remove();
    this.#region = null;
    this.#from = null;
    this.#told(null);
  }

  /** Where a playhead that is at `now` has to go on, or null. */
  turn(now) {
    const span = this.span;
    if (!span || now < span.end) return null;
    return now < span.end + 1 ? span.start : null; // whoever jumped beyond it stays there
  }

  #set(start, wanted) {
    const end = Math.min(Math.max(wanted, start + SHORTEST_S), this.#duration);
    this.#regions.addRegion({ id: LOOK, start, end, color: "transparent" });
  }

  #take(region) {
    if (this.#region && this.#region !== region) this.#region.remove();
    this.#region = region;
    this.#from = null;
    this.#tell();
  }

  #tell() {
    this.#told(this.span);
  }
}
