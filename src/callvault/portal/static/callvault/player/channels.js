// Volume of each channel. The audio graph needs a press of the listener, so it is built with the
// first play; until then, and where it cannot be built, the media element plays by itself.

export class Channels {
  #audio;
  #gains = null;
  #levels = { owner: 1, remote: 1 };

  constructor(audio) {
    this.#audio = audio;
  }

  /** Call from a press of the listener. */
  wake() {
    if (this.#gains) return this.#gains.context.resume();
    const context = new AudioContext();
    const source = context.createMediaElementSource(this.#audio);
    const splitter = context.createChannelSplitter(2);
    const merger = context.createChannelMerger(2);
    source.connect(splitter);
    this.#gains = { context };
    ["owner", "remote"].forEach((channel, index) => {
      const gain = context.createGain();
      gain.gain.value = this.#levels[channel];
      splitter.connect(gain, index).connect(merger, 0, index);
      this.#gains[channel] = gain;
    });
    merger.connect(context.destination);
    return context.resume();
  }

  /** Set a channel's level, 0 to 1. */
  setLevel(channel, level) {
    this.#levels[channel] = level;
    const gain = this.#gains?.[channel];
    gain?.gain.setTargetAtTime(level, this.#gains.context.currentTime, 0.01); // no click
  }

  level(channel) {
    return this.#levels[channel];
  }
}
