// The address behind `#`: a screen, and what it shows.
import { signal } from "@preact/signals";

export const SCREENS = ["ask", "results", "variant", "saved", "history"] as const;
export type Screen = (typeof SCREENS)[number];

export interface Route {
  screen: Screen;
  carried: string;
}

export function toRoute(hash: string): Route {
  const [name = "", carried = ""] = hash.replace(/^#\/?/, "").split("/");
  const screen = SCREENS.find((known) => known === name) ?? "ask";
  return { screen, carried };
}

export const route = signal<Route>(toRoute(location.hash));

export function startRouting(): void {
  addEventListener("hashchange", () => {
    route.value = toRoute(location.hash);
    scrollTo(0, 0);
    document.querySelector<HTMLElement>("main h1")?.focus();
  });
}

export function href(screen: Screen, carried = ""): string {
  return carried === "" ? `#/${screen}` : `#/${screen}/${carried}`;
}

export function go(screen: Screen, carried = ""): void {
  location.hash = href(screen, carried);
}
