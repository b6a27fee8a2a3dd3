// Whether the page is as narrow as a phone: tables become cards.

const query = matchMedia("(max-width: 720px)");

class Media {
  narrow = $state(query.matches);
  constructor() {
    query.addEventListener("change", () => {
      this.narrow = query.matches;
    });
  }
}

export const media = new Media();
