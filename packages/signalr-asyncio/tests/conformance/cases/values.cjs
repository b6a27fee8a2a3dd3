"use strict";

const { assert } = require("../harness.cjs");

const WHEN = new Date(Date.UTC(2024, 1, 29, 14, 30, 15, 250));
const GUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

module.exports = [
  {
    name: "plain values come back as they were",
    async run(bench) {
      const connection = await bench.open();
      const values = [null, true, false, 0, -1, 2 ** 31, 2 ** 53 - 1, 1.5, -0.25, "", "ünï \u{1F600}", [], [1, [2]], {}, { a: { b: [null] } }];
      for (const value of values) assert.deepEqual(await connection.invoke("Echo", value), value);
    },
  },
  {
    name: "text with the separator, quotes and line ends comes back as it was",
    async run(bench) {
      const connection = await bench.open();
      const text = "a\u001eb\"c\\d\ne\u0000f\u2028g";
      assert.equal(await connection.invoke("Echo", text), text);
    },
  },
  {
    name: "bytes, UTC moments, GUIDs, maps and decimals keep their values",
    async run(bench) {
      const connection = await bench.open();
      const bytes = Uint8Array.from([0, 30, 127, 128, 255]);
      const sent = {
        blob: bench.packed ? bytes : Buffer.from(bytes).toString("base64"),
        when: WHEN,
        guid: GUID,
        prices: { bid: 1.25, ask: 1.5 },
        amount: "1234567890123456789.10",
      };
      const seen = await connection.invoke("Describe", sent);
      assert.deepEqual(seen, {
        blob: "001e7f80ff",
        when: "2024-02-29T14:30:15.250000+00:00",
        guid: GUID,
        prices: "ask=1.5 bid=1.25",
        amount: "1234567890123456789.10",
      });
      const back = await connection.invoke("EchoTyped", sent);
      const got = bench.packed ? back.blob : Buffer.from(back.blob, "base64");
      assert.deepEqual([...got], [...bytes]);
      assert.equal(new Date(back.when).getTime(), WHEN.getTime());
      if (bench.packed) assert.ok(back.when instanceof Date, "a moment is a Date");
      assert.equal(back.guid, GUID);
      assert.deepEqual(back.prices, { ask: 1.5, bid: 1.25 });
      assert.equal(back.amount, bench.packed ? "1234567890123456789.10" : 1234567890123456789.1);
    },
  },
  {
    name: "a decimal is a number with its digits in JSON and text in MessagePack",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(await connection.invoke("Third"), bench.packed ? "0.3333" : 0.3333);
    },
  },
  {
    name: "a value of many kilobytes goes both ways",
    async run(bench) {
      const connection = await bench.open();
      const text = "0123456789abcdef".repeat(1_900);
      assert.equal(await connection.invoke("Echo", text), text);
      assert.equal((await connection.invoke("Long", 1_000_000)).length, 1_000_000);
    },
  },
  {
    name: "a message above the limit closes the connection and not the server",
    async run(bench) {
      const connection = await bench.open();
      const closed = new Promise((resolve) => connection.onclose(resolve));
      connection.invoke("Echo", "x".repeat(40_000)).catch(() => {});
      await closed;
      const another = await bench.open();
      assert.equal(await another.invoke("Add", 1, 1), 2);
    },
  },
];
