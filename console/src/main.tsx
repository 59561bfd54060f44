import { render } from "preact";
import { Ask } from "./screens/ask";
import { History } from "./screens/history";
import { Results } from "./screens/results";
import { Saved } from "./screens/saved";
import { VariantScreen } from "./screens/variant";
import { load } from "./state/loaded";
import { href, route, type Screen, startRouting } from "./state/route";
import { run } from "./state/run";

const TITLES: Record<Screen, string> = {
  ask: "Ask",
  results: "Results",
  variant: "One variant",
  saved: "Saved",
  history: "History",
};
const TABS: Screen[] = ["ask", "results", "saved", "history"];

const SHOWN: Record<Screen, () => preact.JSX.Element> = {
  ask: Ask,
  results: Results,
  variant: VariantScreen,
  saved: Saved,
  history: History,
};

function Console() {
  const { screen } = route.value;
  const Shown = SHOWN[screen];
  const tab = screen === "variant" ? "results" : screen;
  document.title = `${TITLES[screen]} · Roehub backtests`;
  return (
    <>
      <header class="top">
        <a class="brand" href={href("ask")}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d="M1 13 5 7l3 3 7-8" />
          </svg>
          Roehub <span>backtests</span>
        </a>
        <nav aria-label="Screens">
          {TABS.map((name) => (
            <a key={name} href={href(name)} aria-current={name === tab ? "page" : undefined}>
              {TITLES[name]}
              {name === "results" && run.value.state === "running" && (
                <span class="spinner" role="img" aria-label="running" />
              )}
            </a>
          ))}
        </nav>
      </header>
      <main>
        <h1 tabIndex={-1}>{TITLES[screen]}</h1>
        <Shown />
      </main>
      <footer>
        <a href="/start">Shell examples</a> · <a href="/graphql">GraphQL</a> ·{" "}
        <a href="/docs">REST</a> · Charts: <a href="https://www.tradingview.com/">TradingView</a>{" "}
        Lightweight Charts
      </footer>
    </>
  );
}

startRouting();
void load();
const place = document.getElementById("console");
if (place) render(<Console />, place);
