// Prints what the parser remarks on an AsyncAPI document; exit code 1 when that is anything, down to a hint.
import { readFileSync } from "node:fs";
import { Parser } from "@asyncapi/parser";

const { document, diagnostics } = await new Parser().parse(readFileSync(process.argv[2], "utf8"));
for (const { code, path, message } of diagnostics) {
  console.log(`${code} at ${path.join("/") || "the top"}: ${message}`);
}
process.exit(document === undefined || diagnostics.length > 0 ? 1 : 0);
