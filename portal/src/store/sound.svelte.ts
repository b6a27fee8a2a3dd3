// A short sound for a new signal or error, while a page is open and its person has asked for it.

import { journal } from "./journal.svelte.ts";
import { settings } from "./settings.svelte.ts";

/** How long a press of "mute" lasts. */
const MUTE_MS = 15 * 60_000;

class Sound {
  /** Until when nothing sounds, by wall time. */
  mutedUntil = $state(0);
  mute(): void {
    this.mutedUntil = Date.now() + MUTE_MS;
  }
}
export const sound = new Sound();

let context: AudioContext | null = null;
let last = 0;
const QUIET_MS = 2000;

/** Two tones upwards for a signal, downwards for an error. A browser is silent until its person has clicked once. */
export function play(tones: readonly [number, number]): void {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
  const start = context.currentTime;
  tones.forEach((frequency, place) => {
    if (!context) return;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = frequency;
    const from = start + place * 0.14;
    volume.gain.setValueAtTime(0, from);
    volume.gain.linearRampToValueAtTime(0.15, from + 0.02);
    volume.gain.linearRampToValueAtTime(0, from + 0.12);
    tone.connect(volume).connect(context.destination);
    tone.start(from);
    tone.stop(from + 0.13);
  });
}

journal.listen(({ type, event }, replayed) => {
  const state = (event as { State?: string }).State;
  // What is read back after a (re)connection is not new.
  if (!settings.choices.sounds || replayed || Date.now() < sound.mutedUntil || Date.now() - last < QUIET_MS) return;
  const signal = /Signal$/.test(type) && state === "On";
  const error = type === "OnError" && state === "Active";
  if (!signal && !error) return;
  last = Date.now();
  play(error ? [660, 440] : [660, 880]);
});
