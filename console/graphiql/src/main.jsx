import "graphiql/style.css";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { createRoot } from "react-dom/client";

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

createRoot(document.getElementById("graphiql")).render(
  <GraphiQL
    fetcher={createGraphiQLFetcher({ url: "/graphql" })}
    defaultTabs={tabs}
    defaultEditorToolsVisibility="variables"
    shouldPersistHeaders={false}
  />,
);
