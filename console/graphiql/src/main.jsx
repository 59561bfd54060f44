import "graphiql/style.css";
import "./style.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";
import { nameEditors } from "./names";

const examples = JSON.parse(document.getElementById("examples").textContent);
const tabs = Object.entries(examples).map(([title, { query, variables }]) => ({
  query: named(query, title),
  variables: JSON.stringify(variables, null, 2),
}));
// GraphiQL leaves the variables of its first tab empty: first comes a document that has none.
tabs.reverse();

/** A tab is called what its operation is called, and the examples have titles only. */
function named(query, title) {
  const name = title.replace(/ (\w)/g, (_, letter) => letter.toUpperCase());
  return query.startsWith("{")
    ? `query ${name} ${query}`
    : query.replace(/^(query|mutation) /, `$1 ${name} `);
}

const place = document.getElementById("graphiql");
nameEditors(place);
createRoot(place).render(
  <GraphiQL
    fetcher={createGraphiQLFetcher({ url: "/graphql" })}
    defaultTabs={tabs}
    defaultEditorToolsVisibility="variables"
    shouldPersistHeaders={false}
  />,
);
