// Validates an XML file by an XML Schema with libxml2's xmllint, and prints what is wrong:
// node xsd.js junit.xsd junit.xml
const fs = require("fs");
const { validateXML } = require("xmllint-wasm");

const [, , schema, ...files] = process.argv;
validateXML({
  xml: files.map((f) => ({ fileName: f, contents: fs.readFileSync(f, "utf8") })),
  schema: [fs.readFileSync(schema, "utf8")],
}).then((result) => {
  for (const e of result.errors) console.log(e.rawMessage);
  process.exit(result.valid ? 0 : 1);
});
