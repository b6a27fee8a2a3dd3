// Drives one server with the official client: every case over one transport and one encoding.
//
//     node driver.cjs '{"url": "http://127.0.0.1:1234", "transport": "WebSockets", "protocol": "json"}'
//
// Prints one JSON line per case: {"case", "ok", "error", "ms"}. `"list": true` prints the names only; `"only": "text"`
// runs the cases whose name contains it. The server is the one of signalr_testkit/conformance.py.
"use strict";

const { Bench } = require("./harness.cjs");

const MODULES = ["calls", "values", "streams", "life", "access", "stateful"];

async function main() {
  const settings = JSON.parse(process.argv[2]);
  const cases = MODULES.flatMap((name) => require(`./cases/${name}.cjs`))
    .filter((entry) => !entry.transports || entry.transports.includes(settings.transport))
    .filter((entry) => !settings.only || entry.name.includes(settings.only));
  if (settings.list) {
    cases.forEach((entry) => report({ case: entry.name }));
    return;
  }
  // Each case has a connection of its own, so all can run at once, a few at a time.
  const waiting = [...cases];
  const workers = Array.from({ length: 6 }, async () => {
    while (waiting.length) await run(waiting.shift(), settings);
  });
  await Promise.all(workers);
}

async function run(entry, settings) {
  const bench = new Bench(settings);
  const started = Date.now();
  let error = null;
  try {
    await bench.within(15_000, entry.run(bench), "the case took more than 15 s");
  } catch (failure) {
    error = String((failure && failure.stack) || failure);
  }
  await bench.close();
  report({ case: entry.name, ok: error === null, error, ms: Date.now() - started });
}

function report(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

process.on("unhandledRejection", (failure) => {
  report({ case: "nothing is rejected behind the scenes", ok: false, error: String((failure && failure.stack) || failure), ms: 0 });
});

main().then(
  () => process.exit(0),
  (failure) => {
    process.stderr.write(`${failure.stack}\n`);
    process.exit(1);
  },
);
