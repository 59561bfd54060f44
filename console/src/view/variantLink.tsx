// A variant in one line, which opens it where there is a service to ask.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { VariantReportInput } from "../../generated/face";
import { packed } from "../form/link";
import { described } from "./variants";

/** False in a file that is read without a service. */
export const HasService = createContext(true);

export function VariantLink({ input }: { input: VariantReportInput }) {
  const told = described(input);
  if (!useContext(HasService)) return <span>{told}</span>;
  return <a href={`#/variant/${packed(input)}`}>{told}</a>;
}
