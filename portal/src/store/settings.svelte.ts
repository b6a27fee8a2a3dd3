// Choices of this browser: theme, colours, density, sounds. No secret is ever stored here.

const NAME = "mesolive.settings";

interface Choices {
  theme: "system" | "dark" | "light";
  colours: "green-red" | "blue-orange";
  density: "compact" | "normal" | "comfortable";
  sounds: boolean;
}

const DEFAULTS: Choices = { theme: "system", colours: "green-red", density: "normal", sounds: false };

function read(): Choices {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(NAME) ?? "{}") as Partial<Choices>) };
  } catch {
    return DEFAULTS;
  }
}

class Settings {
  choices = $state<Choices>(read());
  /** The theme that is shown, which the system may change while a page is open. */
  theme = $state<"dark" | "light">("dark");

  set<K extends keyof Choices>(name: K, value: Choices[K]): void {
    this.choices[name] = value;
    localStorage.setItem(NAME, JSON.stringify(this.choices));
    this.apply();
  }

  apply(): void {
    const root = document.documentElement;
    const dark = this.choices.theme === "system" ? !matchMedia("(prefers-color-scheme: light)").matches : this.choices.theme === "dark";
    this.theme = dark ? "dark" : "light";
    root.dataset.theme = this.theme;
    root.dataset.colours = this.choices.colours;
    root.dataset.density = this.choices.density;
  }
}

export const settings = new Settings();
matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => settings.apply());
