// A variant in one line, which opens it where there is a service to ask.
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { VariantReportInput } from "../../generated/face";
import { packed } from "../form/link";
import { described, partsOf } from "./variants";

/** False in a file that is read without a service. */
export const HasService = createContext(true);

interface Props {
  input: VariantReportInput;
  /** Parts of the name that are told elsewhere. */
  without?: readonly string[];
}

export function VariantLink({ input, without = [] }: Props) {
  const told = partsOf(input)
    .filter((part) => !without.includes(part))
    .join(" · ");
  if (!useContext(HasService)) return <span title={described(input)}>{told}</span>;
  return (
    <a href={`#/variant/${packed(input)}`} title={described(input)}>
      {told}
    </a>
  );
}
